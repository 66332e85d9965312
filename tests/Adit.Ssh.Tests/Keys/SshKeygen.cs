using System.Collections.Concurrent;
using System.Diagnostics;

namespace Adit.Ssh.Tests.Keys;

/// <summary>
/// The real ssh-keygen, in a directory of its own. Plain keys are made once per run and copied, since a new RSA key takes long.
/// </summary>
public sealed class SshKeygen : IDisposable
{
    public const string Passphrase = "Liebe Grüße, 密码";

    private readonly ConcurrentDictionary<string, Lazy<string>> _plainKeys = new(StringComparer.Ordinal);
    private readonly string _directory = Directory.CreateTempSubdirectory("adit-keys-").FullName;
    private int _files;

    public string NewPath(string name = "key") => Path.Combine(_directory, $"{name}-{Interlocked.Increment(ref _files)}");

    public string NewFile(ReadOnlySpan<byte> content, string name = "file")
    {
        string path = NewPath(name);
        File.WriteAllBytes(path, content);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>An unencrypted openssh-key-v1 file, with its .pub beside it; the same one for the same kind.</summary>
    /// <param name="kind">ed25519, rsa-2048, ecdsa-256 and so on.</param>
    public string PlainKey(string kind) => _plainKeys.GetOrAdd(kind, k => new(() =>
    {
        string path = NewPath(k);
        string[] type = k.Split('-');
        string[] bits = type.Length > 1 ? ["-b", type[1]] : [];
        Run(["-q", "-t", type[0], .. bits, "-N", "", "-C", $"{k}@adit", "-f", path]);
        return path;
    })).Value;

    /// <summary>The same key rewritten by <c>ssh-keygen -p</c>.</summary>
    public string Rewritten(string kind, string passphrase, params string[] options)
    {
        string path = NewFile(File.ReadAllBytes(PlainKey(kind)), kind);
        Run(["-q", "-p", "-P", "", "-N", passphrase, .. options, "-f", path]);
        return path;
    }

    /// <summary>Lets a key sign a certificate for another; the result is the certificate's .pub file.</summary>
    public string Certify(string signer, string subject, params string[] options)
    {
        string copy = NewFile(File.ReadAllBytes(PlainKey(subject) + ".pub"), subject) + ".pub";
        File.Move(copy[..^4], copy);
        Run(["-q", "-s", PlainKey(signer), .. options, copy]);
        return copy[..^4] + "-cert.pub";
    }

    public static string PublicLine(string path) => File.ReadAllText(path).TrimEnd('\n');

    public string Run(params string[] arguments) => Run("ssh-keygen", input: string.Empty, arguments);

    public string Run(string input, string[] arguments) => Run("ssh-keygen", input, arguments);

    public string Run(string program, string input, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _directory,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}{errors.GetAwaiter().GetResult()}");
        return output;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}

/// <summary>The tests that share one set of keys.</summary>
[CollectionDefinition(Name)]
public sealed class SshKeygenTests : ICollectionFixture<SshKeygen>
{
    public const string Name = "ssh-keygen";
}
