using System.Globalization;
using Adit.Ssh.Keys;

namespace Adit.Ssh.Tests.Keys;

/// <summary>A key or certificate about which both ssh-keygen and we are asked, and the .pub file that holds it.</summary>
internal sealed record RevocationSubject(string Path, SshPublicKey Key)
{
    public static readonly ulong[] Serials =
        [0, 1, 2, 5, 6, 7, 100, 101, 102, 1000, 16383, 16384, 65535, 1UL << 32, (1UL << 63) - 1, 1UL << 63, ulong.MaxValue - 1, ulong.MaxValue];

    public static readonly string[] SignerTypes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"];

    /// <summary>The keys of the folder, strangers, and certificates by several signers with all <see cref="Serials"/>.</summary>
    public static async Task<RevocationSubject[]> MakeAsync(KeyFolder folder)
    {
        var subjects = new List<RevocationSubject>();
        foreach (string type in KeyFolder.TypeNames)
            subjects.Add(OfFile(await folder.KeyAsync(type) + ".pub"));
        for (int i = 0; i < 2; i++)
            subjects.Add(await StrangerAsync(folder));
        foreach (string signer in SignerTypes)
        {
            for (int i = 0; i < Serials.Length; i++)
                subjects.Add(await CertificateAsync(folder, KeyFolder.TypeNames[i % KeyFolder.TypeNames.Count], signer, Serials[i], $"id {i % 4}"));
        }

        return [.. subjects];
    }

    /// <summary>A new key that nothing else knows.</summary>
    public static async Task<RevocationSubject> StrangerAsync(KeyFolder folder)
    {
        string path = folder.NewPath("stranger");
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
        return OfFile(path + ".pub");
    }

    public static async Task<RevocationSubject> CertificateAsync(KeyFolder folder, string type, string signer, ulong serial, string keyId)
    {
        string[] options = ["-I", keyId, "-n", "alice", "-z", serial.ToString(CultureInfo.InvariantCulture)];
        SshPublicKey key = await folder.CertifyAsync(type, signer, options);
        string path = folder.NewPath("certificate") + ".pub";
        await File.WriteAllTextAsync(path, key + "\n");
        return new(path, key);
    }

    /// <summary>Writes a revocation list with ssh-keygen -k, or adds to one.</summary>
    /// <param name="folder">Where to write.</param>
    /// <param name="list">The list.</param>
    /// <param name="signer">The .pub file of the signer whose certificates are meant, "none" for all, or null.</param>
    /// <param name="specification">Lines, as ssh-keygen's manual has them.</param>
    public static async Task WriteListAsync(KeyFolder folder, string list, string? signer, params IEnumerable<string> specification)
    {
        string path = folder.NewPath("specification");
        await File.WriteAllLinesAsync(path, specification);
        string[] update = File.Exists(list) ? ["-u"] : [];
        string[] from = signer is null ? [] : ["-s", signer];
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-k", .. update, "-f", list, .. from, path]);
    }

    /// <summary>Which of the subjects ssh-keygen holds to be revoked; null when it cannot read the list.</summary>
    public static async Task<bool[]?> RevokedByKeygenAsync(string list, IReadOnlyList<RevocationSubject> subjects)
    {
        (_, string output, string errors) = await KeyFolder.TryRunAsync("ssh-keygen", ["-Q", "-f", list, .. subjects.Select(static subject => subject.Path)]);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0)
        {
            Assert.NotEmpty(errors);
            return null;
        }

        Assert.Equal(subjects.Count, lines.Length);
        Assert.All(lines, static line => Assert.Matches(": (ok|REVOKED)$", line));
        return [.. lines.Select(static line => line.EndsWith(": REVOKED", StringComparison.Ordinal))];
    }

    private static RevocationSubject OfFile(string path) => new(path, KeyFolder.ReadPublic(path));
}
