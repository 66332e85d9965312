using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Adit.Interop.Tests.Peers;

/// <summary>A key pair in files, made by ssh-keygen and used for the whole run, since making an RSA key is slow.</summary>
internal sealed class KeyPair
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<KeyPair>>> Made = new(StringComparer.Ordinal);

    private KeyPair(string path, string publicLine) => (PrivatePath, PublicLine) = (path, publicLine);

    public string PrivatePath { get; }

    /// <summary>Type and base64, without a comment.</summary>
    public string PublicLine { get; }

    /// <summary>As OpenSSH prints it: <c>SHA256:</c> and base64 without padding.</summary>
    public string Fingerprint =>
        "SHA256:" + Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(PublicLine.Split(' ')[1]))).TrimEnd('=');

    /// <param name="type">A type of ssh-keygen, with its size where it has one: <c>ed25519</c>, <c>ecdsa-384</c>, <c>rsa-2048</c>.</param>
    /// <param name="name">Keeps keys of one type apart.</param>
    /// <param name="passphrase">Empty for a key that is not encrypted.</param>
    public static Task<KeyPair> GetAsync(string type, string name, string passphrase = "") =>
        Made.GetOrAdd($"{type}.{name}", static (_, key) => new(() => MakeAsync(key.type, key.name, key.passphrase)), (type, name, passphrase)).Value;

    private static async Task<KeyPair> MakeAsync(string type, string name, string passphrase)
    {
        var path = Path.Combine(RunFolder.Create("keys"), name);
        var words = type.Split('-');
        string[] size = words.Length > 1 ? ["-b", words[1]] : [];
        await ChildProcess.RunAsync(new("ssh-keygen", ["-q", "-t", words[0], .. size, "-N", passphrase, "-C", "", "-f", path]));
        var line = await File.ReadAllTextAsync(path + ".pub");
        return new KeyPair(path, line.Trim());
    }
}
