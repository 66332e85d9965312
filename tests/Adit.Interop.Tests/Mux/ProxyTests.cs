using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Adit.Interop.Tests.Engine;
using Adit.Interop.Tests.Peers;
using Adit.Mux;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Tests.Shared;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Mux;

/// <summary>Our master with a connection to sshd, and ssh as a client that speaks the connection's protocol itself.</summary>
public sealed class ProxyTests(ITestOutputHelper output) : EngineTest(output)
{
    // CHANNEL_OPEN of a session as channel 7, RFC 4254 section 5.1.
    private const string OpenSession = "00000019" + "00" + "5a" + "00000007" + "73657373696f6e" + "00000007" + "00010000" + "00008000";

    private readonly string _folder = RunFolder.Create("mux");
    private readonly ConcurrentQueue<string> _log = new();

    private string ControlPath => Path.Combine(_folder, "control");

    [Fact]
    public async Task A_command_has_the_clients_streams_and_its_status_comes_back()
    {
        await StartMasterAsync();
        ChildProcess ssh = await StartSshAsync([.. Proxy(), "read line; echo \"got $line\"; echo oops >&2; exit 7"]);
        await ssh.Input.WriteAsync("something\n");
        await ssh.Input.FlushAsync();
        Assert.Equal(7, await ssh.ExitAsync());
        Assert.Equal("got something\n", ssh.Output.Text);
        Assert.EndsWith("oops\n", ssh.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Much_data_passes_both_ways_and_the_end_of_input_with_it()
    {
        await StartMasterAsync();
        byte[] sent = TestBytes.Of(20_000_003);
        ChildProcess ssh = Own(await ChildProcess.StartAsync(new("ssh", [.. Proxy(), "cat"]) { RawOutput = true }));
        Task writing = FeedAsync(ssh.Input.BaseStream, sent);
        using var received = new MemoryStream();
        await ssh.RawOutput.CopyToAsync(received).WithinAsync("the data should come back", () => ssh.Log);
        await writing;
        Assert.Equal(0, await ssh.ExitAsync());
        Assert.Equal(sent.Length, received.Length);
        Assert.True(sent.AsSpan().SequenceEqual(received.ToArray()));

        static async Task FeedAsync(Stream input, byte[] bytes)
        {
            await input.WriteAsync(bytes);
            input.Close();
        }
    }

    [Fact]
    public async Task Local_forwards_of_several_clients_do_not_meet()
    {
        await StartMasterAsync();
        await using TcpService checksum = TcpService.Checksum();
        int[] ports = [LoopbackPort.Free(), LoopbackPort.Free()];
        foreach (int port in ports)
            await LoopbackPort.UntilListeningAsync(port, await StartSshAsync(Proxy("-N", "-L", Spec(port, checksum.Port))));
        await Task.WhenAll(ports.Concat(ports).Select(port => Bulk.SendAsync(port, 10 * Mebibyte)));
    }

    [Fact]
    public async Task A_connection_that_is_refused_is_told_and_the_client_goes_on()
    {
        await StartMasterAsync();
        await using TcpService echo = TcpService.Echo();
        int good = LoopbackPort.Free(), bad = LoopbackPort.Free();
        ChildProcess ssh = await StartSshAsync(Proxy("-N", "-L", Spec(good, echo.Port), "-L", Spec(bad, LoopbackPort.Free())));
        await LoopbackPort.UntilListeningAsync(good, ssh);
        await LoopbackPort.UntilListeningAsync(bad, ssh);
        await Assert.ThrowsAnyAsync<Exception>(() => Bulk.EchoAsync(bad));
        await ssh.ErrorAsync("open failed: connect failed");
        await Bulk.EchoAsync(good);
    }

    [Fact]
    public async Task A_remote_forward_of_any_port_works_and_goes_with_its_client()
    {
        SshConnection connection = await StartMasterAsync();
        await using TcpService echo = TcpService.Echo();
        ChildProcess ssh = await StartSshAsync(Proxy("-N", "-R", Spec(0, echo.Port)));
        int port = int.Parse((await ssh.ErrorAsync("Allocated port (\\d+)")).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        await Bulk.EchoAsync(port);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Bulk.EchoAsync(port)));

        ssh.Kill();
        await LoopbackPort.UntilClosedAsync(port, () => string.Join('\n', _log));
        Assert.False(connection.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_client_that_is_killed_takes_its_channels_along_and_leaves_the_connection()
    {
        SshConnection connection = await StartMasterAsync();
        await using TcpService silent = TcpService.Silent();
        int port = LoopbackPort.Free();
        ChildProcess ssh = await StartSshAsync(Proxy("-N", "-L", Spec(port, silent.Port)));
        await LoopbackPort.UntilListeningAsync(port, ssh);
        using Stream open = await DialAsync(port);
        await silent.FirstConnection.WithinAsync("the target should be reached");
        Assert.Equal(1, connection.ChannelCount);
        ssh.Kill();
        await Patience.UntilAsync(() => connection.ChannelCount == 0, "the channel should close", () => string.Join('\n', _log));
        Assert.False(connection.Closed.IsCompleted);
    }

    [Fact]
    public async Task The_end_of_the_connection_ends_the_client()
    {
        SshConnection connection = await StartMasterAsync();
        ChildProcess ssh = await StartSshAsync([.. Proxy(), "echo here; exec sleep 1000"]);
        await ssh.OutputAsync("here");
        await connection.DisposeAsync();
        Assert.Equal(255, await ssh.ExitAsync());
    }

    [Theory]
    [InlineData("00000002" + "01" + "50")] // padded
    [InlineData("00000001" + "00")]
    [InlineData("00040001" + "00")]
    [InlineData("00000002" + "00" + "14")] // KEXINIT
    [InlineData("0000000a" + "00" + "5d" + "00000063" + "00000001")] // a channel that does not exist
    [InlineData(OpenSession + "00000003" + "00" + "5a" + "00")]
    [InlineData("00000002" + "00" + "51")] // an answer to nothing
    [InlineData("0000001d" + "00" + "50" + "0000000d" + "74637069702d666f7277617264" + "01" + "0000000000000000" + "00")] // left over
    public async Task A_client_that_breaks_the_protocol_is_let_go_and_the_connection_stays(string packets)
    {
        SshConnection connection = await StartMasterAsync();
        using MuxClient client = await MuxClient.ConnectAsync(ControlPath, default).WithinAsync("the master should greet");
        await using Duplex proxy = await client.OpenProxyAsync(default).WithinAsync("the master should answer");
        await proxy.WriteAsync(Convert.FromHexString(packets), default);
        await EndAsync(proxy).WithinAsync("the master should end it", () => string.Join('\n', _log));
        await Patience.UntilAsync(() => connection.ChannelCount == 0, "no channel should stay");
        Assert.False(connection.Closed.IsCompleted);
    }

    [Fact]
    public async Task What_concerns_the_whole_connection_is_not_passed_on()
    {
        await StartMasterAsync();
        using MuxClient client = await MuxClient.ConnectAsync(ControlPath, default).WithinAsync("the master should greet");
        await using Duplex proxy = await client.OpenProxyAsync(default).WithinAsync("the master should answer");
        byte[] name = Encoding.ASCII.GetBytes("no-more-sessions@openssh.com");
        await proxy.WriteAsync((byte[])[0, 0, 0, (byte)(name.Length + 7), 0, 80, 0, 0, 0, (byte)name.Length, .. name, 1], default);
        Assert.Equal("0000000200" + "52", Convert.ToHexStringLower((await proxy.ReadAsync(default).AsTask().WithinAsync("the master should answer")).Span));

        // More sessions, then.
        await proxy.WriteAsync(Convert.FromHexString(OpenSession), default);
        ReadOnlyMemory<byte> answer = await proxy.ReadAsync(default).AsTask().WithinAsync("sshd should answer");
        Assert.Equal("00" + "5b" + "00000007", Convert.ToHexStringLower(answer.Span[4..10]));
    }

    private static async Task EndAsync(Duplex proxy)
    {
        try
        {
            while (!(await proxy.ReadAsync(default)).IsEmpty)
            {
            }
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
    }

    private static string Spec(int port, int target) => string.Create(CultureInfo.InvariantCulture, $"{port}:127.0.0.1:{target}");

    private string[] Proxy(params string[] options) => ["-F", "/dev/null", "-S", ControlPath, "-O", "proxy", .. options, "peer"];

    private async Task<SshConnection> StartMasterAsync()
    {
        SshdPeer sshd = await StartSshdAsync();
        var handler = new Handler();
        SshConnection connection = await ConnectAsync(sshd, options => options with { Handler = handler });
        MuxMaster master = MuxMaster.Listen(ControlPath, new LocalTarget { Connection = connection }, new() { Log = _log.Enqueue });
        handler.Master = master;
        Own(master, () => string.Join('\n', _log));
        return connection;
    }

    /// <summary>Has no forwards of its own.</summary>
    private sealed class Handler : IConnectionHandler
    {
        public MuxMaster? Master { get; set; }

        public void OnChannelOpen(IncomingChannel channel)
        {
            if (Master?.TryTake(channel) != true)
                channel.Refuse(ChannelOpenFailureReason.AdministrativelyProhibited, "not asked for");
        }

        public void OnGlobalRequest(IncomingRequest request) => request.Fail();
    }
}
