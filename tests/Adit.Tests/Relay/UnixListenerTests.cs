using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

[SupportedOSPlatform("linux")]
public sealed class UnixListenerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("adit-").FullName;

    private string SocketPath => Path.Combine(_directory, "x.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_unix_socket_is_its_owners_alone_and_goes_with_the_listener()
    {
        await using (LocalListener listener = await BindAsync())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
            Assert.Equal((SocketPath, false), (Assert.Single(listener.Endpoints).Path, listener.IsExposed));
        }
        Assert.Empty(Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public async Task A_wider_mode_is_set_whatever_the_umask()
    {
        UnixFileMode everyone = (UnixFileMode)0b110_110_110;
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Unix(SocketPath), new() { UnixMode = everyone });
        Assert.Equal(everyone, File.GetUnixFileMode(SocketPath));
    }

    [Fact]
    public async Task A_connection_knows_its_peer_by_the_kernels_word()
    {
        await using LocalListener listener = await BindAsync();
        using Socket client = Connect();
        await using IncomingConnection? incoming = await listener.AcceptAsync(default).AsTask().TestTime();
        Assert.Equal(new PeerIdentity(LinuxCalls.GetEffectiveUserId()) { Pid = Environment.ProcessId }, incoming!.Peer!.Credentials);
        Assert.Equal(new ConnectionOrigin(SocketPath, 0), incoming.Origin);
        Assert.Equal($"app → {SocketPath} (this machine)", new Route(incoming.Leg).ToString());

        await using Duplex duplex = await incoming.AcceptAsync(default);
        await client.SendAsync(new byte[] { 1, 2, 3 });
        Assert.Equal([1, 2, 3], await duplex.ReadExactlyAsync(3).TestTime());
    }

    [Fact]
    public async Task A_socket_that_a_dead_listener_left_is_replaced()
    {
        LeaveStale();
        await using LocalListener listener = await BindAsync();
        using Socket client = Connect();
        await using IncomingConnection? incoming = await listener.AcceptAsync(default).AsTask().TestTime();
        Assert.NotNull(incoming);
        Assert.Equal([SocketPath], Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public async Task A_live_socket_is_never_replaced()
    {
        await using LocalListener live = await BindAsync();
        ListenException e = await Assert.ThrowsAsync<ListenException>(BindAsync);
        Assert.Equal(ListenFailure.InUse, e.Failure);
        using Socket client = Connect();
    }

    [Fact]
    public async Task A_live_socket_with_a_full_queue_is_not_taken_for_a_dead_one()
    {
        using Socket live = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        live.Bind(new UnixDomainSocketEndPoint(SocketPath));
        live.Listen(0);
        using Socket queued = Connect();
        ListenException e = await Assert.ThrowsAsync<ListenException>(() => BindAsync().TestTime());
        Assert.Equal(ListenFailure.InUse, e.Failure);
        Assert.True(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_file_that_is_no_socket_stays()
    {
        await File.WriteAllTextAsync(SocketPath, "precious");
        ListenException e = await Assert.ThrowsAsync<ListenException>(BindAsync);
        Assert.Equal(ListenFailure.PathNotUsable, e.Failure);
        Assert.Equal("precious", await File.ReadAllTextAsync(SocketPath));
    }

    [Fact]
    public async Task A_link_to_a_dead_socket_stays()
    {
        LeaveStale();
        string link = Path.Combine(_directory, "link");
        File.CreateSymbolicLink(link, SocketPath);
        await Assert.ThrowsAsync<ListenException>(() => LocalListener.BindAsync(ListenSpec.Unix(link)).AsTask());
        Assert.NotNull(new FileInfo(link).LinkTarget);
        Assert.True(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_dead_socket_of_another_user_stays()
    {
        if (!OtherUser.IsPossible)
            return;
        File.SetUnixFileMode(_directory, (UnixFileMode)0b111_111_111);
        OtherUser.Run(() =>
        {
            LeaveStale();
            return 0;
        });
        ListenException e = await Assert.ThrowsAsync<ListenException>(BindAsync);
        Assert.Equal(ListenFailure.PathNotUsable, e.Failure);
        Assert.True(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_directory_that_does_not_exist_and_a_path_too_long_are_told()
    {
        ListenException missing = await Assert.ThrowsAsync<ListenException>(
            () => LocalListener.BindAsync(ListenSpec.Unix(_directory + "/no/x.sock")).AsTask());
        Assert.Equal(ListenFailure.PathNotUsable, missing.Failure);
        ListenException tooLong = await Assert.ThrowsAsync<ListenException>(
            () => LocalListener.BindAsync(ListenSpec.Unix(SocketPath + new string('x', 100))).AsTask());
        Assert.Contains("too long", tooLong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_abstract_name_leaves_no_file()
    {
        string name = $"@adit-{Guid.NewGuid():N}";
        await using LocalListener listener = await LocalListener.BindAsync(ListenSpec.Unix(name));
        DialedConnection dialed = await new UnixDialer().DialAsync(Endpoint.Unix(name), ConnectionOrigin.ThisProcess, default);
        await using Duplex duplex = dialed.Duplex;
        await using IncomingConnection? incoming = await listener.AcceptAsync(default).AsTask().TestTime();
        Assert.Equal(Environment.ProcessId, incoming!.Peer!.Credentials!.Pid);
        ListenException e = await Assert.ThrowsAsync<ListenException>(() => LocalListener.BindAsync(ListenSpec.Unix(name)).AsTask());
        Assert.Equal(ListenFailure.InUse, e.Failure);
    }

    private Task<LocalListener> BindAsync() => LocalListener.BindAsync(ListenSpec.Unix(SocketPath)).AsTask();

    private Socket Connect()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    private void LeaveStale()
    {
        string bound = Path.Combine(_directory, "bound");
        using (Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(bound));
            dead.Listen();
            // .NET removes the file that it bound; a process that is killed does not, and neither is one under another name.
            File.Move(bound, SocketPath);
        }
        Assert.True(File.Exists(SocketPath));
    }
}
