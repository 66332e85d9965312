using System.Diagnostics;
using System.Text;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Keys;

/// <summary>A private folder with keys that the real ssh-keygen makes on demand, one of each type, shared by the tests that only read them.</summary>
public sealed class KeyFolder : IDisposable
{
    /// <summary>Type for ssh-keygen -t, bits, and the name of the type in SSH.</summary>
    private static readonly Dictionary<string, (string Type, string Bits)> Arguments = new(StringComparer.Ordinal)
    {
        ["ssh-ed25519"] = ("ed25519", "256"),
        ["ecdsa-sha2-nistp256"] = ("ecdsa", "256"),
        ["ecdsa-sha2-nistp384"] = ("ecdsa", "384"),
        ["ecdsa-sha2-nistp521"] = ("ecdsa", "521"),
        ["ssh-rsa"] = ("rsa", "2048"),
    };

    private readonly string _path = Directory.CreateTempSubdirectory("adit-keys-").FullName;
    private readonly Dictionary<string, Task<string>> _made = new(StringComparer.Ordinal);
    private int _files;

    public static IReadOnlyList<string> TypeNames => [.. Arguments.Keys];

    public static TheoryData<string> Types => [.. TypeNames];

    /// <summary>A path in the folder that nothing has used yet.</summary>
    public string NewPath(string name = "file") => Path.Combine(_path, $"{name}{Interlocked.Increment(ref _files)}");

    /// <summary>The path of an unencrypted key of the type, in OpenSSH's format, with its .pub beside it. Not to be changed.</summary>
    public Task<string> KeyAsync(string type)
    {
        lock (_made)
        {
            if (!_made.TryGetValue(type, out Task<string>? made))
                _made.Add(type, made = MakeAsync(type));
            return made;
        }
    }

    /// <summary>A copy of the key that a test may change, with its .pub beside it.</summary>
    public async Task<string> CopyAsync(string type)
    {
        string original = await KeyAsync(type), copy = NewPath("copy");
        File.Copy(original, copy);
        File.Copy(original + ".pub", copy + ".pub");
        return copy;
    }

    /// <summary>The key in another format or encryption: a copy that ssh-keygen -p rewrote.</summary>
    public async Task<string> RewrittenAsync(string type, string passphrase, params string[] options)
    {
        string copy = await CopyAsync(type);
        await RunAsync("ssh-keygen", ["-q", "-p", "-f", copy, "-P", "", "-N", passphrase, "-a", "1", .. options]);
        return copy;
    }

    public async Task<SshPrivateKey> ReadAsync(string type) => SshPrivateKey.Parse(await File.ReadAllBytesAsync(await KeyAsync(type)), type);

    /// <summary>A certificate for the key, made by ssh-keygen -s with these further options.</summary>
    public async Task<SshPublicKey> CertifyAsync(string type, string caType, params string[] options)
    {
        string copy = await CopyAsync(type);
        await RunAsync("ssh-keygen", ["-q", "-s", await KeyAsync(caType), .. options, copy + ".pub"]);
        return ReadPublic(copy + "-cert.pub");
    }

    public static SshPublicKey ReadPublic(string path)
    {
        Assert.True(SshPublicKey.TryParseLine(File.ReadAllText(path), out SshPublicKey? key, out _), File.ReadAllText(path));
        return key;
    }

    /// <summary>Runs a program to its end and gives its output; a failure is an exception with what it said.</summary>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, byte[]? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        (int exitCode, string output, string errors) = await TryRunAsync(program, arguments, input, environment);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: exit {exitCode}: {output} {errors}");
        return output;
    }

    public static async Task<(int ExitCode, string Output, string Errors)> TryRunAsync(
        string program, IEnumerable<string> arguments, byte[]? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["SSH_ASKPASS_REQUIRE"] = "never";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
            await process.StandardInput.BaseStream.WriteAsync(input ?? []);
            process.StandardInput.Close();
            await process.WaitForExitAsync().TestTime(program);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);

    private async Task<string> MakeAsync(string type)
    {
        string path = NewPath("key");
        (string name, string bits) = Arguments[type];
        await RunAsync("ssh-keygen", ["-q", "-t", name, "-b", bits, "-N", "", "-C", $"comment of {type}", "-f", path]);
        return path;
    }
}

/// <summary>Makes the tests that use keys of ssh-keygen share one folder of them.</summary>
[CollectionDefinition(Name)]
public sealed class KeyFolderCollection : ICollectionFixture<KeyFolder>
{
    public const string Name = "keys of ssh-keygen";
}
