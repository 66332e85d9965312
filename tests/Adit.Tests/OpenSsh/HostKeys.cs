using System.Diagnostics;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>Host keys, an authority and certificates, made by the real ssh-keygen once for the tests of a class.</summary>
public sealed class HostKeys : IDisposable
{
    /// <summary>A time at which the certificates hold, those that are expired apart.</summary>
    public static readonly DateTimeOffset Now = new(2025, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private const string Valid = "20200101:20300101";

    private readonly Dictionary<string, string> _words = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SshPublicKey> _parsed = new(StringComparer.Ordinal);

    public HostKeys()
    {
        Make("ed", "ed25519");
        Make("other", "ed25519");
        Make("ecdsa", "ecdsa", "-b", "256");
        Make("ecdsa384", "ecdsa", "-b", "384");
        Make("rsa", "rsa", "-b", "2048");
        Make("weak", "rsa", "-b", "1024");
        Make("ca", "ed25519");
        Make("otherca", "ed25519");
        Certify("cert", "ca", "-n", "db,127.0.0.1", "-V", Valid);
        Certify("expired", "ca", "-n", "db", "-V", "20200101:20200102");
        Certify("elsewhere", "ca", "-n", "web", "-V", Valid);
        Certify("wild", "ca", "-n", "d*", "-V", Valid);
        Certify("nobody", "ca", "-V", Valid);
        _words["dsa"] = "ssh-dss " + Convert.ToBase64String([0, 0, 0, 7, .. "ssh-dss"u8, 1, 2, 3]);
        _words["sk"] = "sk-ssh-ed25519@openssh.com " + Convert.ToBase64String([0, 0, 0, 26, .. "sk-ssh-ed25519@openssh.com"u8, 1, 2, 3]);
        _words["broken"] = "ssh-ed25519 " + Convert.ToBase64String([0, 0, 0, 11, .. "ssh-ed25519"u8, 0, 0, 0, 4, 1, 2, 3, 4]);
    }

    /// <summary>A folder of the tests' own.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("adit-known-").FullName;

    public SshPublicKey this[string name] => _parsed.TryGetValue(name, out SshPublicKey? key)
        ? key
        : _parsed[name] = SshPublicKey.Parse(Convert.FromBase64String(_words[name].Split(' ')[1]));

    /// <summary>The text with each <c>{name}</c> replaced by that key's type and base64.</summary>
    public string Fill(string text) => _words.Aggregate(text, static (filled, word) => filled.Replace($"{{{word.Key}}}", word.Value, StringComparison.Ordinal));

    /// <summary>Writes a file of lines, in which <c>{name}</c> stands for a key.</summary>
    public string Write(params string[] lines)
    {
        string path = Path.Combine(Folder, Path.GetRandomFileName());
        File.WriteAllText(path, Fill(string.Concat(lines.Select(static line => line + "\n"))));
        return path;
    }

    /// <summary>Runs ssh-keygen and returns what it printed; its exit status is the caller's to judge.</summary>
    public static (int Exit, string Output) Keygen(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ssh-keygen", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false })!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Make(string name, string type, params string[] size)
    {
        Run(["-q", "-t", type, .. size, "-N", "", "-C", "", "-f", Path.Combine(Folder, name)]);
        Take(name, Path.Combine(Folder, name + ".pub"));
    }

    private void Certify(string name, string authority, params string[] options)
    {
        string path = Path.Combine(Folder, name);
        File.Copy(Path.Combine(Folder, "ed.pub"), path + ".pub");
        Run(["-q", "-s", Path.Combine(Folder, authority), "-I", name, "-h", .. options, path + ".pub"]);
        Take(name, path + "-cert.pub");
    }

    private void Take(string name, string path) => _words[name] = string.Join(' ', File.ReadAllText(path).Trim().Split(' ')[..2]);

    private static void Run(string[] arguments)
    {
        (int exit, string output) = Keygen(arguments);
        Assert.True(exit == 0, output);
    }
}
