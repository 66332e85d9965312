using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>PuTTY's client. It logs in with the user key of the tests, and takes ssh's -L and -R.</summary>
internal static class Plink
{
    private static readonly Lazy<Task<string>> Folder = new(PrepareAsync);

    /// <param name="port">The port of the server.</param>
    /// <param name="hostKeys">Those of the server; with any other it ends.</param>
    /// <param name="arguments">Further options.</param>
    public static async Task<ChildProcess> StartAsync(int port, IReadOnlyList<KeyPair> hostKeys, params IReadOnlyList<string> arguments)
    {
        var folder = await Folder.Value;
        return await ChildProcess.StartAsync(new("plink",
        [
            "-v", "-batch", "-N", "-i", Path.Combine(folder, "identity.ppk"),
            .. hostKeys.SelectMany(static key => (IEnumerable<string>)["-hostkey", key.Fingerprint]),
            "-P", port.ToString(CultureInfo.InvariantCulture), .. arguments, $"{TestUser.Name}@127.0.0.1",
        ])
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["HOME"] = folder, ["PUTTYDIR"] = folder },
        });
    }

    private static async Task<string> PrepareAsync()
    {
        var folder = RunFolder.Create("plink");
        await ChildProcess.RunAsync(new("puttygen", (await SshClientFiles.UserKeyAsync()).PrivatePath, "-o", Path.Combine(folder, "identity.ppk")));
        return folder;
    }
}
