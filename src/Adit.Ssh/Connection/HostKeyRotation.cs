using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Connection;

/// <summary>
/// Tells a client of all the host keys and proves that they are this server's, so that keys can be changed one day: OpenSSH's PROTOCOL
/// section 2.5.
/// </summary>
internal sealed class HostKeyRotation(IReadOnlyList<ISshSigner> hostKeys, KeyExchange kex)
{
    public const string Announcement = "hostkeys-00@openssh.com";
    public const string Proof = "hostkeys-prove-00@openssh.com";

    private readonly ISshSigner[] _keys = [.. hostKeys.Where(static key => key.PublicKey.Certificate is null)];

    /// <summary>The fields of the announcement; empty when there is nothing to announce.</summary>
    public byte[] Keys()
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        foreach (ISshSigner key in _keys)
            writer.WriteString(key.PublicKey.Blob.Span);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }

    /// <summary>Signs for each key that the client names. Null when one of them is not ours.</summary>
    public async ValueTask<byte[]?> ProveAsync(ReadOnlyMemory<byte> asked, CancellationToken cancellationToken)
    {
        if (Named(asked.Span) is not { } keys)
            return null;
        using var proofs = new MemoryStream();
        foreach (ISshSigner key in keys)
        {
            byte[] signature = await key.SignAsync(Algorithm(key.PublicKey), Signed(key.PublicKey), cancellationToken).ConfigureAwait(false);
            proofs.Write(String(signature));
        }

        return proofs.ToArray();
    }

    private List<ISshSigner>? Named(ReadOnlySpan<byte> asked)
    {
        var keys = new List<ISshSigner>();
        var reader = new SshReader(asked);
        while (!reader.AtEnd)
        {
            byte[] blob = reader.ReadString().ToArray();
            if (keys.Count == _keys.Length || Array.Find(_keys, key => key.PublicKey.Blob.Span.SequenceEqual(blob)) is not { } key)
                return null;
            keys.Add(key);
        }

        return keys;
    }

    // A client expects RSA to sign as in the key exchange, if that was by RSA.
    private string Algorithm(SshPublicKey key)
    {
        string agreed = KeyType.WithoutCertificate(kex.Negotiated!.HostKeyAlgorithm);
        return key.SignatureAlgorithms.Contains(agreed) ? agreed : key.SignatureAlgorithms[0];
    }

    private byte[] Signed(SshPublicKey key)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteString(Proof);
        writer.WriteString(kex.SessionId);
        writer.WriteString(key.Blob.Span);
        byte[] data = writer.ToArray();
        writer.Dispose();
        return data;
    }

    private static byte[] String(byte[] value)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteString(value);
        byte[] encoded = writer.ToArray();
        writer.Dispose();
        return encoded;
    }
}
