using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Library;

public sealed class SshTunnelTests : LibraryTest
{
    [Fact]
    [Trait("Surface", "S0-1")]
    public async Task A_stream_reaches_a_target_of_theServer_and_ends_each_direction_by_itself()
    {
        await using SshTunnel tunnel = await OpenAsync();
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 5432).TestTime();
        await stream.WriteAsync("hello"u8.ToArray());
        await stream.CompleteWritesAsync();
        Assert.Equal("hello.", await ReadToEndAsync(stream));
        Assert.Equal(SshTunnelState.Up, tunnel.State);
    }

    [Fact]
    public async Task What_is_not_written_to_its_end_is_not_ended()
    {
        await using SshTunnel tunnel = await OpenAsync();
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 5432);
        await stream.WriteAsync("hello"u8.ToArray());
        byte[] answer = new byte[5];
        await stream.ReadExactlyAsync(answer).AsTask().TestTime();
        Assert.Equal("hello"u8.ToArray(), answer);
        ValueTask<int> more = stream.ReadAsync(answer);
        Assert.False(more.IsCompleted);
        await stream.CompleteWritesAsync();
        Assert.Equal(1, await more.AsTask().TestTime());
    }

    [Fact]
    [Trait("Surface", "S4-6")]
    public async Task A_target_that_refuses_is_an_exception_that_names_it_and_the_tunnel_stays()
    {
        await using SshTunnel tunnel = await OpenAsync();
        TargetUnreachableException e = await Assert.ThrowsAsync<TargetUnreachableException>(() => tunnel.ConnectAsync("db", 5432).TestTime());
        Assert.Equal("db:5432", e.Target);
        Assert.Equal(DialFailure.Refused, e.Failure);
        Assert.Contains("nobody is there", e.Message, StringComparison.Ordinal);
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 1);
    }

    [Fact]
    [Trait("Surface", "S0-7")]
    [Trait("Surface", "S0-13")]
    public async Task A_listener_admits_this_process_and_no_child_of_it()
    {
        await using SshTunnel tunnel = await OpenAsync();
        await using TunnelListener listener = await tunnel.ForwardAsync("echo", 5432);
        Assert.Equal("ping.", await AskAsync(new IPEndPoint(IPAddress.Loopback, listener.Port), AddressFamily.InterNetwork));
        Assert.Equal(string.Empty, await AskFromChildAsync($"exec 3<>/dev/tcp/127.0.0.1/{listener.Port} && echo ping >&3 && cat <&3"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Surface", "S0-7")]
    public async Task What_the_configuration_says_of_whom_to_admit_opens_no_listener_of_a_program(bool inFile)
    {
        string config = Path.Combine(Server.Folder, "config");
        await File.WriteAllTextAsync(config, inFile ? "AditAdmit any\nGatewayPorts yes\n" : "");
        SshTunnelOptions options = Server.Options with
        {
            ConfigFile = config,
            SshOptions = inFile ? Server.Options.SshOptions : [.. Server.Options.SshOptions, new("AditAdmit", "any"), new("GatewayPorts", "yes")],
        };
        await using SshTunnel tunnel = await SshTunnel.OpenAsync(Host, options).TestTime();
        await using TunnelListener listener = await tunnel.ForwardAsync("echo", 5432);
        await using TunnelListener socket = await tunnel.ForwardAsync("echo", 5432, new() { SocketPath = Path.Combine(Server.Folder, "socket") });
        await using TunnelListener wide = await tunnel.ForwardAsync("echo", 5432, new() { Admission = AdmissionRule.Any });

        Assert.Equal(string.Empty, await AskFromChildAsync(Talk(listener.Port)));
        Assert.Equal("ping\n", await AskFromChildAsync(Talk(wide.Port)));
        Assert.Equal("ping.", await AskAsync(new IPEndPoint(IPAddress.Loopback, listener.Port), AddressFamily.InterNetwork));
        using var child = Adit.Tests.Relay.PeerProcess.Script("say(attempt(*target()))");
        Assert.Equal("reset", await child.TryAsync(socket.Endpoint.Path!, 0));
        Assert.All((TunnelListener[])[listener, wide], static one => Assert.True(IPAddress.IsLoopback(IPAddress.Parse(one.Endpoint.Host!))));
    }

    [Fact]
    public async Task A_listener_on_a_socket_serves_whom_its_rule_admits_and_leaves_no_file()
    {
        string path = Path.Combine(Server.Folder, "socket");
        await using SshTunnel tunnel = await OpenAsync();
        TunnelListener listener = await tunnel.ForwardAsync("echo", 1, new() { SocketPath = path, Admission = AdmissionRule.SameUser, MaxConnections = 4 });
        Assert.Equal(path, listener.Endpoint.Path);
        Assert.Equal("ping.", await AskAsync(new UnixDomainSocketEndPoint(path), AddressFamily.Unix));
        await tunnel.DisposeAsync();
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_an_exception_that_says_by_whom()
    {
        await using SshTunnel tunnel = await OpenAsync();
        ListenFailedException e = await Assert.ThrowsAsync<ListenFailedException>(() => tunnel.ForwardAsync("echo", 1, new() { Port = Server.Port }));
        Assert.Contains("held by", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_connection_comes_back_and_the_listener_stayed()
    {
        await using SshTunnel tunnel = await OpenAsync();
        await using TunnelListener listener = await tunnel.ForwardAsync("echo", 1);
        Server.Hangup();
        Assert.Equal("ping.", await AskAsync(new IPEndPoint(IPAddress.Loopback, listener.Port), AddressFamily.InterNetwork));
        Assert.Equal(2, Server.Logins);
    }

    [Fact]
    public async Task Without_reconnection_a_lost_connection_ends_the_tunnel_and_says_why()
    {
        await using SshTunnel tunnel = await SshTunnel.OpenAsync(Host, Server.Options with { Reconnect = false }).TestTime();
        Server.Hangup();
        AditException end = await tunnel.Ended.TestTime();
        Assert.Contains("hanging up", end.Message, StringComparison.Ordinal);
        Assert.Equal(SshTunnelState.Ended, tunnel.State);
        TunnelEndedException e = await Assert.ThrowsAsync<TunnelEndedException>(() => tunnel.ConnectAsync("echo", 1));
        Assert.NotSame(end, e);
        Assert.Contains("hanging up", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disposed_tunnel_has_ended_with_all_that_is_of_it()
    {
        SshTunnel tunnel = await OpenAsync();
        TunnelStream stream = await tunnel.ConnectAsync("echo", 1);
        TunnelListener listener = await tunnel.ForwardAsync("echo", 1);
        await tunnel.DisposeAsync().AsTask().TestTime();
        await tunnel.DisposeAsync();
        Assert.IsType<TunnelEndedException>(await tunnel.Ended.TestTime());
        await Assert.ThrowsAsync<TunnelEndedException>(() => tunnel.ConnectAsync("echo", 1));
        await Assert.ThrowsAsync<TunnelEndedException>(() => tunnel.ForwardAsync("echo", 1));
        await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[1]).AsTask().TestTime());
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(IPAddress.Loopback, listener.Port));
    }

    [Fact]
    public async Task A_ping_asks_theServer_and_the_route_names_what_protects_each_leg()
    {
        await using SshTunnel tunnel = await OpenAsync();
        Assert.InRange(await tunnel.PingAsync().TestTime(), TimeSpan.FromTicks(1), TimeSpan.FromSeconds(20));
        Route route = tunnel.RouteTo("db", 5432);
        Assert.Contains("ssh, host key", route.ToString(), StringComparison.Ordinal);
        Assert.True(route.HasPlaintext);
        await using SshTunnel idle = SshTunnel.Create(Host, Server.Options);
        await Assert.ThrowsAsync<TunnelDownException>(() => idle.PingAsync());
    }

    private static string Talk(int port) => $"exec 3<>/dev/tcp/127.0.0.1/{port} && echo ping >&3 && head -n 1 <&3";

    private static async Task<string> AskFromChildAsync(string script)
    {
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        string said = await bash.StandardOutput.ReadToEndAsync().TestTime();
        await bash.WaitForExitAsync().TestTime();
        return said;
    }
}
