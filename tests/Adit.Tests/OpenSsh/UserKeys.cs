using System.Text;
using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>Users' keys and authorities, made by the real ssh-keygen once for the tests of a class.</summary>
public sealed class UserKeys : IDisposable
{
    /// <summary>A time at which the certificates hold.</summary>
    public static readonly DateTimeOffset Now = new(2025, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly (string Name, string Type)[] Made =
        [("ed", "ed25519"), ("other", "ed25519"), ("ecdsa", "ecdsa"), ("rsa", "rsa"), ("ca", "ed25519"), ("otherca", "ecdsa"), ("absent", "ed25519")];

    private readonly string _folder = Directory.CreateTempSubdirectory("adit-user-").FullName;
    private int _certificates;

    public UserKeys()
    {
        foreach ((string name, string type) in Made)
            Run("-q", "-t", type, "-N", "", "-C", "", "-f", Path.Join(_folder, name));
    }

    public SshPublicKey this[string name] => Read(Path.Join(_folder, name + ".pub"));

    /// <summary>A certificate for alice and ops of the key ed, unless the options of ssh-keygen say otherwise.</summary>
    public SshPublicKey Certify(string authority, params string[] options)
    {
        string path = Path.Join(_folder, $"c{_certificates++}");
        File.Copy(Path.Join(_folder, "ed.pub"), path + ".pub");
        Run(["-q", "-s", Path.Join(_folder, authority), "-I", "test", "-n", "alice,ops", "-V", "20200101:20300101", .. options, path + ".pub"]);
        return Read(path + "-cert.pub");
    }

    /// <summary>The text with each <c>{name}</c> replaced by that key's type and base64.</summary>
    public string Fill(string text) => Made.Aggregate(text, (filled, key) => filled.Replace($"{{{key.Name}}}", this[key.Name].ToString(), StringComparison.Ordinal));

    /// <summary>Reads the text of an authorized_keys file, in which <c>{name}</c> stands for a key.</summary>
    internal AuthorizedKeys Parse(string text, List<string> warnings) => AuthorizedKeys.Parse(Encoding.UTF8.GetBytes(Fill(text)), "keys", warnings.Add);

    /// <summary>The same of one line that must be understood.</summary>
    internal AuthorizedKey ParseLine(string line)
    {
        var warnings = new List<string>();
        AuthorizedKeys keys = Parse(line, warnings);
        Assert.Empty(warnings);
        return Assert.Single(keys.Lines);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static SshPublicKey Read(string path)
    {
        Assert.True(SshPublicKey.TryParseLine(File.ReadAllText(path), out SshPublicKey? key, out _));
        return key;
    }

    private static void Run(params string[] arguments)
    {
        (int exit, string output) = HostKeys.Keygen(arguments);
        Assert.True(exit == 0, output);
    }
}
