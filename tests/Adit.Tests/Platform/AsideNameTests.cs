using System.Globalization;
using System.Net.Sockets;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Tests.Platform;

public sealed class AsideNameTests : IDisposable
{
    // No process has this number: it is above the highest that Linux gives.
    private const string Dead = "4194305abcdefgh1";

    private readonly string _folder = Directory.CreateTempSubdirectory("adit-aside-").FullName;

    private string File => Path.Combine(_folder, "file");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_a_dead_process_left_beside_a_file_is_removed()
    {
        System.IO.File.WriteAllText($"{File}.{Dead}", string.Empty);

        AsideName.RemoveLeft(File, static (_, left) => left.IsRegular);

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("file.4194305abcdefgh")]
    [InlineData("file.4194305abcdefgh1x")]
    [InlineData("file.4194305ABCDEFGH1")]
    [InlineData("file.-194305abcdefgh1")]
    [InlineData("other.4194305abcdefgh1")]
    public void What_bears_another_name_stays(string name)
    {
        string path = Path.Combine(_folder, name);
        System.IO.File.WriteAllText(path, string.Empty);

        AsideName.RemoveLeft(File, static (_, _) => true);

        Assert.True(System.IO.File.Exists(path));
    }

    [Fact]
    public void What_is_alive_or_of_another_kind_stays()
    {
        string own = AsideName.For(File), link = $"{File}.{Dead}", live = Path.Combine(_folder, "live");
        System.IO.File.WriteAllText(own, string.Empty);
        System.IO.File.CreateSymbolicLink(link, own);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{live}.{Dead}"));
        listener.Listen();

        AsideName.RemoveLeft(File, static (_, left) => left.IsRegular);
        UnixSocketFile.RemoveLeft(live);

        Assert.True(System.IO.File.Exists(own));
        Assert.True(System.IO.File.Exists(link));
        Assert.True(System.IO.File.Exists($"{live}.{Dead}"));
        Assert.Equal(File.Length + AsideName.Length, own.Length);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $".{Environment.ProcessId:D7}"), own, StringComparison.Ordinal);
    }
}
