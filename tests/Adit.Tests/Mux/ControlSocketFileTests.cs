using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Tests.Relay;

namespace Adit.Tests.Mux;

[SupportedOSPlatform("linux")]
public sealed class ControlSocketFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("adit-").FullName;

    private string ControlPath => Path.Combine(_folder, "control");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_socket_is_its_owners_alone_and_goes_at_the_end()
    {
        using (ControlSocketFile.Listen(ControlPath))
        {
            Assert.Equal([ControlPath], Directory.GetFileSystemEntries(_folder));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ControlPath));
            Assert.Equal(ControlSocketState.Live, ControlSocketFile.Look(ControlPath));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder));
        Assert.Equal(ControlSocketState.Absent, ControlSocketFile.Look(ControlPath));
    }

    [Fact]
    public void A_live_socket_is_never_replaced_and_nothing_is_left_of_the_try()
    {
        using ControlSocketFile first = ControlSocketFile.Listen(ControlPath);
        MuxException e = Assert.Throws<MuxException>(() => ControlSocketFile.Listen(ControlPath));
        Assert.Contains("another master", e.Message, StringComparison.Ordinal);
        Assert.Equal([ControlPath], Directory.GetFileSystemEntries(_folder));
        Connect(ControlPath).Dispose();
    }

    [Fact]
    public void A_dead_socket_is_replaced()
    {
        LeaveDead();
        Assert.Equal(ControlSocketState.Dead, ControlSocketFile.Look(ControlPath));
        using ControlSocketFile file = ControlSocketFile.Listen(ControlPath);
        Connect(ControlPath).Dispose();
        Assert.Equal([ControlPath], Directory.GetFileSystemEntries(_folder));
    }

    // The faster one's socket could be removed for the dead one in its place, seldom.
    [Fact]
    public async Task Of_many_that_come_at_once_one_is_the_master()
    {
        for (int i = 0; i < 100; i++)
            await ComeAtOnceAsync();
    }

    private async Task ComeAtOnceAsync()
    {
        LeaveDead();
        ControlSocketFile?[] made = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() =>
        {
            try
            {
                return ControlSocketFile.Listen(ControlPath);
            }
            catch (MuxException)
            {
                return null;
            }
        })));
        ControlSocketFile[] masters = [.. made.OfType<ControlSocketFile>()];
        Assert.NotEmpty(masters);
        Connect(ControlPath).Dispose();
        foreach (ControlSocketFile master in masters)
            master.Dispose();
        Assert.Single(masters);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_file_that_is_no_socket_stays()
    {
        File.WriteAllText(ControlPath, "precious");
        Assert.Equal(ControlSocketState.Foreign, ControlSocketFile.Look(ControlPath));
        Assert.Throws<MuxException>(() => ControlSocketFile.Listen(ControlPath));
        Assert.Equal("precious", File.ReadAllText(ControlPath));
    }

    [Fact]
    public void A_dead_socket_of_another_user_stays()
    {
        if (!OtherUser.IsPossible)
            return;
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_111_111);
        OtherUser.Run(() =>
        {
            LeaveDead();
            return 0;
        });
        Assert.Equal(ControlSocketState.Foreign, ControlSocketFile.Look(ControlPath));
        Assert.Throws<MuxException>(() => ControlSocketFile.Listen(ControlPath));
    }

    [Fact]
    public void What_another_master_put_in_place_is_not_removed()
    {
        ControlSocketFile first = ControlSocketFile.Listen(ControlPath);
        File.Delete(ControlPath);
        using ControlSocketFile second = ControlSocketFile.Listen(ControlPath);
        first.Dispose();
        Connect(ControlPath).Dispose();
    }

    [Fact]
    public void A_path_that_is_too_long_or_has_no_folder_is_told()
    {
        MuxException tooLong = Assert.Throws<MuxException>(() => ControlSocketFile.Listen(ControlPath + new string('x', 100)));
        Assert.Contains("too long", tooLong.Message, StringComparison.Ordinal);
        MuxException missing = Assert.Throws<MuxException>(() => ControlSocketFile.Listen(Path.Combine(_folder, "no", "control")));
        Assert.Contains("make it first", missing.Message, StringComparison.Ordinal);
    }

    private static Socket Connect(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private void LeaveDead()
    {
        string bound = Path.Combine(_folder, "bound");
        using Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        dead.Bind(new UnixDomainSocketEndPoint(bound));
        dead.Listen();
        // .NET removes the file that it bound, but not under another name.
        File.Move(bound, ControlPath);
    }
}
