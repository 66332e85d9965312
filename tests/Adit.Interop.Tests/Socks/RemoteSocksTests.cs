using System.Globalization;
using System.Threading.Channels;
using Adit.Interop.Tests.Peers;
using Adit.Relay;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.SshLegs;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Socks;

/// <summary>SOCKS over the channels that sshd opens for a remote forward: what -R with a port alone asks for.</summary>
public sealed class RemoteSocksTests(ITestOutputHelper output) : SocksTest(output)
{
    [Theory]
    [InlineData("--socks4a")]
    [InlineData("--socks5-hostname")]
    public async Task A_client_at_sshd_reaches_what_this_side_can(string option)
    {
        WebServer web = StartWeb();
        SshdPeer sshd = await StartSshdAsync();
        ForwardedChannels channels = new();
        SshConnection connection = await ConnectAsync(sshd, options => options with { Handler = channels });
        Serve(channels, Admission.AnyPeer);
        int port = LoopbackPort.Free();
        Assert.NotNull(await connection.RequestAsync(TcpipForward.RequestName, new TcpipForward("localhost", (uint)port).ToFields()));

        string proxy = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        Assert.Equal(Page, await ChildProcess.RunAsync(SocksClientTests.Curl(option, proxy, $"http://db.internal:{web.Port}/")));
        await using ChildProcess refused = await ChildProcess.StartAsync(
            SocksClientTests.Curl(option, proxy, string.Create(CultureInfo.InvariantCulture, $"http://db.internal:{LoopbackPort.Free()}/")));
        Assert.Equal(97, await refused.ExitAsync());
        Assert.All(Asked, static target => Assert.Equal("db.internal", target.Host));
        Assert.Equal(2, Asked.Count);
    }

    // The remote forwards of a client, as short as a test needs them.
    private sealed class ForwardedChannels : IListener, IConnectionHandler
    {
        private readonly Channel<IncomingConnection> _incoming = System.Threading.Channels.Channel.CreateUnbounded<IncomingConnection>();

        public IReadOnlyList<Endpoint> Endpoints { get; } = [Endpoint.Parse("sshd:1080")];

        public bool IsExposed => false;

        public void OnChannelOpen(IncomingChannel channel) => _incoming.Writer.TryWrite(new Forwarded(channel));

        public void OnGlobalRequest(IncomingRequest request) => request.Fail();

        public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken) =>
            await _incoming.Reader.WaitToReadAsync(cancellationToken) ? await _incoming.Reader.ReadAsync(cancellationToken) : null;

        public ValueTask DisposeAsync()
        {
            _incoming.Writer.TryComplete();
            return default;
        }
    }

    private sealed class Forwarded(IncomingChannel channel) : IncomingConnection
    {
        public override ConnectionOrigin Origin { get; } = new("sshd", 1);

        public override Endpoint LocalEndpoint { get; } = Endpoint.Parse("sshd:1080");

        public override Leg Leg { get; } = new("sshd", "adit", LegProtection.Ssh);

        public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken) => new(new ChannelDuplex(channel.Accept()));

        public override ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
        {
            channel.Refuse(Ssh.ChannelOpenFailureReason.ConnectFailed, refusal.Reason);
            return default;
        }

        public override ValueTask DisposeAsync() => default;
    }
}
