using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>dropbear's client. It logs in with the user key of the tests, and takes ssh's -L and -R.</summary>
internal static class DbClient
{
    private static readonly Lazy<Task<string>> Folder = new(PrepareAsync);

    /// <summary>Starts it without a look at the host key, since its known_hosts knows no ports.</summary>
    public static async Task<ChildProcess> StartAsync(int port, params IReadOnlyList<string> arguments)
    {
        var folder = await Folder.Value;
        return await ChildProcess.StartAsync(new("dbclient",
            ["-N", "-y", "-y", "-i", Path.Combine(folder, "identity"), "-p", port.ToString(CultureInfo.InvariantCulture), .. arguments, $"{TestUser.Name}@127.0.0.1"])
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["HOME"] = folder },
        });
    }

    private static async Task<string> PrepareAsync()
    {
        var folder = RunFolder.Create("dbclient");
        await ChildProcess.RunAsync(new("dropbearconvert", "openssh", "dropbear", (await SshClientFiles.UserKeyAsync()).PrivatePath, Path.Combine(folder, "identity")));
        return folder;
    }
}
