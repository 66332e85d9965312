using Adit.Ssh.Keys;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Tests.Keys;

internal static class Signatures
{
    /// <summary>Format and signature, RFC 4253 section 6.6.</summary>
    public static byte[] Blob(string format, ReadOnlySpan<byte> inner)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteString(format);
        writer.WriteString(inner);
        return writer.ToArray();
    }

    /// <summary>What <see cref="Blob"/> put together.</summary>
    public static (string Format, byte[] Inner) Parts(ReadOnlySpan<byte> blob)
    {
        var reader = new SshReader(blob);
        string format = reader.ReadName();
        byte[] inner = reader.ReadString().ToArray();
        reader.ReadEnd();
        return (format, inner);
    }

    public static byte[] Sign(this SshPrivateKey key, string algorithm, byte[] data) =>
        key.SignAsync(algorithm, data, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <summary>The key signs what its public key verifies, by each of its algorithms.</summary>
    public static void AssertUsable(SshPrivateKey signer)
    {
        byte[] data = "what is signed"u8.ToArray();
        Assert.NotEmpty(signer.PublicKey.SignatureAlgorithms);
        foreach (string algorithm in signer.PublicKey.SignatureAlgorithms)
        {
            byte[] signature = signer.Sign(algorithm, data);
            Assert.True(signer.PublicKey.Verify(algorithm, data, signature), algorithm);
            Assert.False(signer.PublicKey.Verify(algorithm, [.. data, 0], signature), algorithm);
        }
    }
}
