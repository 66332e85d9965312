using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

public sealed class LocalListenerTests
{
    [Theory]
    [Trait("Surface", "S1-3")]
    [Trait("Surface", "S4-2")]
    [InlineData(null)]
    [InlineData("localhost")]
    [InlineData("LocalHost")]
    public async Task Localhost_is_every_loopback_address_on_one_free_dynamic_port(string? bindAddress)
    {
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0, bindAddress));
        Assert.Equal(["127.0.0.1", "::1"], listener.Endpoints.Select(e => e.Host!), StringComparer.Ordinal);
        int port = Assert.Single(listener.Endpoints.Select(e => e.Port).Distinct());
        Assert.InRange(port, 49152, 65535);
        Assert.False(listener.IsExposed);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("")]
    public async Task The_wildcard_is_both_families_and_reported_as_exposed(string bindAddress)
    {
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0, bindAddress));
        Assert.Equal(["0.0.0.0", "::"], listener.Endpoints.Select(e => e.Host!), StringComparer.Ordinal);
        Assert.Single(listener.Endpoints.Select(e => e.Port).Distinct());
        Assert.True(listener.IsExposed);
    }

    [Theory]
    [Trait("Surface", "S2-2")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.9", "127.0.0.9")]
    [InlineData("::1", "::1")]
    [InlineData("::ffff:127.0.0.1", "127.0.0.1")]
    public async Task An_address_is_exactly_that_one(string bindAddress, string bound)
    {
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0, bindAddress));
        Assert.Equal(bound, Assert.Single(listener.Endpoints).Host);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task When_one_family_is_taken_the_whole_fails_and_the_holder_is_named(string taken)
    {
        using Socket holder = ListenOnQuietPort(taken);
        int port = ((IPEndPoint)holder.LocalEndPoint!).Port;
        string other = taken is "::1" ? "127.0.0.1" : "::1";

        ListenException e = await Assert.ThrowsAsync<ListenException>(() => BindAsync(ListenSpec.Tcp(port)));

        Assert.Equal(ListenFailure.InUse, e.Failure);
        Assert.Equal(Environment.ProcessId, e.Holder!.Pid);
        Assert.Equal(Environment.ProcessPath, e.Holder.Executable);
        Assert.StartsWith(
            $"cannot listen on {Endpoint.Tcp(taken, port)}: the port is held by this process (pid {Environment.ProcessId}, ",
            e.Message, StringComparison.Ordinal);
        // Nothing of ours stayed: the address that was free is free again.
        using Socket free = Listen(other, port);
    }

    [Theory]
    [InlineData("127.0.0.1", "*")]
    [InlineData("::1", "*")]
    [InlineData("0.0.0.0", null)]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("127.0.0.1", "0.0.0.0")]
    [InlineData("::1", "::")]
    [InlineData("::", "::1")]
    public async Task Addresses_that_overlap_never_listen_side_by_side(string taken, string? wanted)
    {
        using Socket holder = Listen(taken, 0);
        int port = ((IPEndPoint)holder.LocalEndPoint!).Port;
        ListenException e = await Assert.ThrowsAsync<ListenException>(() => BindAsync(ListenSpec.Tcp(port, wanted)));
        Assert.Equal((ListenFailure.InUse, Environment.ProcessId), (e.Failure, e.Holder?.Pid));
    }

    [Fact]
    public async Task A_wildcard_of_ipv6_that_takes_ipv4_too_is_found_as_the_holder()
    {
        using Socket holder = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        holder.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        holder.Listen();
        int port = ((IPEndPoint)holder.LocalEndPoint!).Port;
        ListenException e = await Assert.ThrowsAsync<ListenException>(() => BindAsync(ListenSpec.Tcp(port, "127.0.0.1")));
        Assert.Equal(Environment.ProcessId, e.Holder?.Pid);
        Assert.Contains($"the port is held on [::]:{port} by this process", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, null, "127.0.0.1")]
    [InlineData(AddressFamily.InterNetworkV6, null, "::1")]
    [InlineData(AddressFamily.InterNetwork, "*", "0.0.0.0")]
    public async Task Of_several_addresses_those_of_the_wanted_family_are_bound(AddressFamily family, string? bindAddress, string bound)
    {
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0, bindAddress), new() { AddressFamily = family });
        Assert.Equal(bound, Assert.Single(listener.Endpoints).Host);
    }

    [Fact]
    public async Task A_socket_in_a_folder_that_does_not_exist_says_so()
    {
        ListenException e = await Assert.ThrowsAsync<ListenException>(() => LocalListener.BindAsync(ListenSpec.Unix("/nonexistent/x.sock")).AsTask());
        Assert.Contains("its folder does not exist", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_holder_in_another_process_is_named_with_pid_and_program()
    {
        // Below the kernel's own ports, so that nobody is given it before socat binds it.
        int port = 9_000 + (Environment.ProcessId % 1_000);
        using Process process = Process.Start(new ProcessStartInfo(
            "socat", [string.Create(CultureInfo.InvariantCulture, $"TCP4-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr"), "OPEN:/dev/null"]))!;
        try
        {
            await WaitForListenerAsync(port);
            ListenException e = await Assert.ThrowsAsync<ListenException>(() => BindAsync(ListenSpec.Tcp(port)));
            Assert.Equal(process.Id, e.Holder!.Pid);
            Assert.Contains("socat", e.Holder.Executable, StringComparison.Ordinal);
            Assert.Contains($"is held by socat (pid {process.Id}, ", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Fact]
    public void A_holder_whose_process_is_hidden_is_told_by_its_user()
    {
        PortHolder hidden = new(Endpoint.Parse("127.0.0.1:5432"), 70) { User = "postgres" };
        Assert.Equal("a process of user postgres, which this user may not see", hidden.ToString());
        Assert.Equal("a process of uid 70, which this user may not see", (hidden with { User = null }).ToString());
        Assert.Equal(
            "postgres (pid 1, /usr/bin/postgres, user postgres)",
            (hidden with { Pid = 1, ProcessName = "postgres", Executable = "/usr/bin/postgres" }).ToString());
    }

    [Fact]
    public async Task A_port_can_be_bound_again_at_once_while_its_old_connections_linger()
    {
        LocalListener first = await LocalListener.BindAsync(ListenSpec.Tcp(0));
        int port = first.Endpoints[0].Port;
        using Socket closedByUs = await ConnectAsync("127.0.0.1", port);
        await using (Duplex accepted = await AcceptAsync(first))
            await accepted.CompleteWritingAsync(default);
        closedByUs.Dispose();
        using Socket open = await ConnectAsync("::1", port);
        await using Duplex stillOpen = await AcceptAsync(first);
        await first.DisposeAsync();

        await using LocalListener second = await LocalListener.BindAsync(ListenSpec.Tcp(port));
        Assert.Equal(2, second.Endpoints.Count);
    }

    [Fact]
    [Trait("Surface", "S2-1")]
    [Trait("Surface", "S3-5")]
    public void A_privileged_port_has_a_message_of_its_own()
    {
        Func<LocalListener> bind = () => LocalListener.BindAsync(ListenSpec.Tcp(80)).AsTask().GetAwaiter().GetResult();
        ListenException e = OtherUser.IsPossible
            ? Assert.Throws<ListenException>(() => OtherUser.Run(bind))
            : TcpBinding.Failed(new(IPAddress.Loopback, 80), new SocketException((int)SocketError.AccessDenied), nameHolder: true);
        Assert.Equal(ListenFailure.PrivilegedPort, e.Failure);
        Assert.Equal(
            "cannot listen on 127.0.0.1:80: ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a port from 1024 up", e.Message);
    }

    [Fact]
    public async Task An_address_of_no_interface_is_told_as_such()
    {
        ListenException e = await Assert.ThrowsAsync<ListenException>(() => BindAsync(ListenSpec.Tcp(0, "203.0.113.1")));
        Assert.Equal(ListenFailure.NoSuchAddress, e.Failure);
    }

    [Fact]
    public async Task Connections_come_in_on_every_address_with_their_origin()
    {
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0));
        int port = listener.Endpoints[0].Port;
        for (int i = 0; i < 4; i++)
        {
            string host = i % 2 == 0 ? "127.0.0.1" : "::1";
            using Socket client = await ConnectAsync(host, port);
            await using IncomingConnection? incoming = await listener.AcceptAsync(default).AsTask().TestTime();
            Assert.Equal(new ConnectionOrigin(host, ((IPEndPoint)client.LocalEndPoint!).Port), incoming!.Origin);
            Assert.Equal(Endpoint.Tcp(host, port), incoming.LocalEndpoint);
            Assert.Equal($"app → {Endpoint.Tcp(host, port)} (this machine)", new Route(incoming.Leg).ToString());
        }
    }

    [Fact]
    public async Task A_wait_for_a_connection_ends_with_null_when_the_listener_closes()
    {
        LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0));
        Task<IncomingConnection?> waiting = listener.AcceptAsync(default).AsTask();
        Assert.False(waiting.IsCompleted);
        await listener.DisposeAsync();
        await listener.DisposeAsync();
        Assert.Null(await waiting.TestTime());
        Assert.Null(await listener.AcceptAsync(default));
    }

    [Fact]
    public async Task A_cancelled_wait_loses_no_connection()
    {
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0));
        using CancellationTokenSource cancel = new();
        Task<IncomingConnection?> waiting = listener.AcceptAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.TestTime());

        using Socket client = await ConnectAsync("127.0.0.1", listener.Endpoints[0].Port);
        await using IncomingConnection? incoming = await listener.AcceptAsync(default).AsTask().TestTime();
        Assert.NotNull(incoming);
    }

    [Fact]
    public async Task A_refused_connection_is_reset()
    {
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0));
        using Socket client = await ConnectAsync("127.0.0.1", listener.Endpoints[0].Port);
        IncomingConnection? incoming = await listener.AcceptAsync(default).AsTask().TestTime();
        await incoming!.RefuseAsync(new(RefusalKind.NotAdmitted, "no"), default);
        SocketException e = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]).TestTime());
        Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65536)]
    public void A_port_out_of_range_is_refused(int port) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ListenSpec.Tcp(port));

    [Theory]
    [InlineData(null, "localhost:5432")]
    [InlineData("*", "*:5432")]
    [InlineData("", "*:5432")]
    [InlineData("::1", "[::1]:5432")]
    public void A_request_is_written_as_for_ssh(string? bindAddress, string text) =>
        Assert.Equal(text, ListenSpec.Tcp(5432, bindAddress).ToString());

    internal static async Task<Duplex> AcceptAsync(LocalListener listener)
    {
        IncomingConnection? incoming = await listener.AcceptAsync(default).AsTask().TestTime();
        return await incoming!.AcceptAsync(default);
    }

    internal static async Task<Socket> ConnectAsync(string host, int port)
    {
        IPAddress address = IPAddress.Parse(host);
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, port).TestTime();
        return socket;
    }

    private static Task<LocalListener> BindAsync(ListenSpec spec) => LocalListener.BindAsync(spec).AsTask();

    // Below the kernel's own ports: on one of those, a connection of another program may take the port on the other family meanwhile.
    private static Socket ListenOnQuietPort(string address)
    {
        for (int port = 8_000 + (Environment.ProcessId % 1_000); ; port--)
        {
            try
            {
                using Socket probe = Listen(address is "::1" ? "127.0.0.1" : "::1", port);
                return Listen(address, port);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse && port > 5_000)
            {
                continue;
            }
        }
    }

    private static Socket Listen(string address, int port)
    {
        IPAddress ip = IPAddress.Parse(address);
        Socket socket = new(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (ip.AddressFamily == AddressFamily.InterNetworkV6)
            socket.DualMode = false;
        socket.Bind(new IPEndPoint(ip, port));
        socket.Listen();
        return socket;
    }

    private static Task WaitForListenerAsync(int port) =>
        Until.Holds(() => ProcNetTcp.ReadAll().Any(s => s.State == TcpState.Listen && s.Local.Port == port));
}
