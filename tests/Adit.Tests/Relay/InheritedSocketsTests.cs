using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

/// <summary>Listeners over sockets that somebody else opened for the process. The environment itself is tested with a real process.</summary>
[SupportedOSPlatform("linux")]
public sealed class InheritedSocketsTests : IDisposable
{
    private readonly List<string> _warnings = [];
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"adit-inherited-{Guid.NewGuid():N}.sock");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1", "::1")]
    [InlineData("0.0.0.0", "0.0.0.0", "127.0.0.1")]
    [InlineData("::", "::", "::1")]
    [InlineData("::", "*", "127.0.0.1")]
    [InlineData("::", "*", "::1")]
    [InlineData("::", "", "127.0.0.1")]
    public async Task A_listener_for_the_address_of_an_inherited_socket_takes_it(string address, string bind, string connect)
    {
        (nint descriptor, int port) = Listen(IPAddress.Parse(address));
        using InheritedSockets inherited = InheritedSockets.Of([(descriptor, "db.socket")], _warnings.Add);
        Assert.Equal([$"{Endpoint.Tcp(new IPEndPoint(IPAddress.Parse(address), port))} (db.socket)"], inherited.Unclaimed);
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(port, bind), new() { Inherited = inherited });
        Assert.Empty(inherited.Unclaimed);
        Assert.Equal([Endpoint.Tcp(new IPEndPoint(IPAddress.Parse(address), port))], listener.Endpoints);
        Assert.Equal(!IPAddress.IsLoopback(IPAddress.Parse(address)), listener.IsExposed);

        using Socket client = await LocalListenerTests.ConnectAsync(connect, port);
        await using IncomingConnection incoming = (await listener.AcceptAsync(CancellationToken.None).AsTask().TestTime())!;
        Assert.Equal(IPAddress.Parse(connect), incoming.Peer!.Remote!.Address);
        Assert.True((await Admission.SameUser.AdmitAsync(new(incoming, null), CancellationToken.None)).IsAdmitted);
        await using Duplex near = await incoming.AcceptAsync(CancellationToken.None);
        await client.SendAsync(new byte[] { 7 });
        Assert.Equal([7], await near.ReadExactlyAsync(1).TestTime());
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task What_is_missing_of_an_address_is_bound()
    {
        (nint descriptor, int port) = Listen(IPAddress.Loopback);
        using InheritedSockets inherited = InheritedSockets.Of([(descriptor, "db")], _warnings.Add);
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(port), new() { Inherited = inherited });
        Assert.Equal([Endpoint.Tcp("127.0.0.1", port), Endpoint.Tcp("::1", port)], listener.Endpoints);
        using Socket four = await LocalListenerTests.ConnectAsync("127.0.0.1", port);
        using Socket six = await LocalListenerTests.ConnectAsync("::1", port);
        for (int i = 0; i < 2; i++)
            await using (await listener.AcceptAsync(CancellationToken.None).AsTask().TestTime())
                continue;
    }

    [Fact]
    public async Task A_socket_at_another_address_or_port_is_left()
    {
        (nint first, int port) = Listen(IPAddress.IPv6Loopback);
        (nint second, _) = Listen(IPAddress.Loopback);
        InheritedSockets inherited = InheritedSockets.Of([(first, "a"), (second, "b")], _warnings.Add);
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(port, "127.0.0.1"), new() { Inherited = inherited });
        await using LocalListener free = await LocalListener.BindAsync(ListenSpec.Tcp(0), new() { Inherited = inherited });
        Assert.Equal(2, inherited.Unclaimed.Count);
        inherited.Dispose();
        await Assert.ThrowsAsync<SocketException>(() => LocalListenerTests.ConnectAsync("::1", port));
    }

    [Fact]
    public async Task A_Unix_socket_is_taken_by_its_path_and_its_file_stays()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_path));
        socket.Listen();
        using InheritedSockets inherited = InheritedSockets.Of([(Release(socket), "unix")], _warnings.Add);
        string roundabout = Path.Combine(Path.GetDirectoryName(_path)!, ".", Path.GetFileName(_path));
        await using (LocalListener listener = await LocalListener.BindAsync(ListenSpec.Unix(roundabout), new() { Inherited = inherited }))
        {
            using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await client.ConnectAsync(new UnixDomainSocketEndPoint(_path));
            await using IncomingConnection incoming = (await listener.AcceptAsync(CancellationToken.None).AsTask().TestTime())!;
            Assert.Equal(LinuxCalls.GetEffectiveUserId(), incoming.Peer!.Credentials!.Uid);
        }

        Assert.True(File.Exists(_path));
    }

    [Fact]
    public async Task An_abstract_Unix_socket_is_taken_by_its_name()
    {
        string name = $"adit-{Guid.NewGuid():N}";
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint("\0" + name));
        socket.Listen();
        using InheritedSockets inherited = InheritedSockets.Of([(Release(socket), "unix")], _warnings.Add);
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Unix("@" + name), new() { Inherited = inherited });
        Assert.Empty(inherited.Unclaimed);
    }

    [Fact]
    public void What_does_not_listen_for_connections_is_closed_with_a_warning()
    {
        Socket idle = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Socket datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        FileStream file = new(Path.GetTempFileName(), FileMode.Open, FileAccess.Read, FileShare.None, 1, FileOptions.DeleteOnClose);
        nint descriptor = file.SafeFileHandle.DangerousGetHandle();
        file.SafeFileHandle.SetHandleAsInvalid();
        using InheritedSockets inherited = InheritedSockets.Of(
            [(Release(idle), "idle"), (Release(datagrams), "udp"), (descriptor, "a\nfile")], _warnings.Add);
        Assert.Empty(inherited.Unclaimed);
        Assert.Equal(3, _warnings.Count);
        Assert.Contains("(a\\x0afile) is no socket", _warnings[2], StringComparison.Ordinal);
        File.Delete(file.Name);
    }

    private static (nint Descriptor, int Port) Listen(IPAddress address)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.AddressFamily is AddressFamily.InterNetworkV6)
            socket.DualMode = address.Equals(IPAddress.IPv6Any);
        socket.Bind(new IPEndPoint(address, 0));
        socket.Listen();
        int port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return (Release(socket), port);
    }

    private static nint Release(Socket socket)
    {
        nint descriptor = socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        return descriptor;
    }
}
