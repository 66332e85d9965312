namespace Adit.Interop.Tests.Peers;

/// <summary>Certificates of ssh-keygen.</summary>
internal static class Certificate
{
    /// <summary>Certifies a copy of a key, and gives its path; the certificate lies beside it, as ssh expects to find it.</summary>
    /// <param name="authority">Who signs.</param>
    /// <param name="key">What is certified.</param>
    /// <param name="options">Those of ssh-keygen: <c>-n</c> and principals, <c>-h</c>, <c>-V</c>, <c>-O</c>.</param>
    public static async Task<string> IssueAsync(KeyPair authority, KeyPair key, params IReadOnlyList<string> options)
    {
        var path = Path.Combine(RunFolder.Create("certificates"), Path.GetFileName(key.PrivatePath));
        File.Copy(key.PrivatePath, path);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(path + ".pub", key.PublicLine + "\n");
        await ChildProcess.RunAsync(new("ssh-keygen", ["-q", "-s", authority.PrivatePath, "-I", "test", .. options, path + ".pub"]));
        return path;
    }
}
