using System.Numerics;
using System.Security.Cryptography;
using Adit.Ssh.Crypto;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>The secret part of a key pair. Disposing it clears what it holds.</summary>
internal abstract class KeySigner : IDisposable
{
    public abstract SshPublicKey PublicKey { get; }

    /// <summary>Signs; the result is the inner blob of RFC 4253 section 6.6.</summary>
    public abstract byte[] Sign(string algorithm, ReadOnlySpan<byte> data);

    /// <summary>Writes the key's fields as in an openssh-key-v1 file and to an agent, behind its type name.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="certificate">A certificate of the key, which then stands in the place of the public fields; empty for none.</param>
    public abstract void Write(ref SshWriter writer, ReadOnlySpan<byte> certificate = default);

    /// <summary>Reads the fields that <see cref="Write"/> writes.</summary>
    public static KeySigner Read(string type, ref SshReader reader)
    {
        switch (type)
        {
            case "ssh-ed25519":
                ReadOnlySpan<byte> publicKey = reader.ReadString();
                ReadOnlySpan<byte> secret = reader.ReadString();
                if (secret.Length != Ed25519.SeedSize + Ed25519.PublicKeySize || !secret[Ed25519.SeedSize..].SequenceEqual(publicKey))
                    throw Inconsistent();
                var ed25519 = new Ed25519Signer(secret[..Ed25519.SeedSize]);
                return Checked(ed25519, ed25519.RawPublicKey.AsSpan().SequenceEqual(publicKey));
            case "ssh-rsa":
                return RsaSigner.ReadFields(ref reader);
            default:
                return EcdsaSigner.ReadFields(type, ref reader);
        }
    }

    public static KeySigner Generate(string type, int bits) => type switch
    {
        "ssh-ed25519" => Ed25519Signer.Generate(),
        "ssh-rsa" => new RsaSigner(RSA.Create(bits == 0 ? 3072 : bits)),
        "ecdsa-sha2-nistp256" or "ecdsa-sha2-nistp384" or "ecdsa-sha2-nistp521" =>
            new EcdsaSigner(ECDsa.Create(NistCurve.Named(type["ecdsa-sha2-".Length..]).Parameters)),
        _ => throw new SshKeyException(SshKeyError.Unsupported, $"keys of type {type} are not served"),
    };

    public abstract void Dispose();

    protected static KeySigner Checked(KeySigner signer, bool consistent)
    {
        if (consistent)
            return signer;
        signer.Dispose();
        throw Inconsistent();
    }

    protected static SshKeyException Inconsistent(Exception? cause = null) =>
        new(SshKeyError.Malformed, "the private key does not belong to its public key", cause);
}

internal sealed class Ed25519Signer : KeySigner
{
    private readonly SecretBytes _seed = new(Ed25519.SeedSize);

    public Ed25519Signer(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != Ed25519.SeedSize)
            throw new SshKeyException(SshKeyError.Malformed, "an Ed25519 private key has the wrong length");
        seed.CopyTo(_seed.Span);
        Ed25519.PublicKey(_seed.Span, RawPublicKey);
        var writer = new SshWriter(stackalloc byte[64]);
        writer.WriteString(RawPublicKey);
        PublicKey = SshPublicKey.FromFields("ssh-ed25519", writer.Written);
        writer.Dispose();
    }

    public override SshPublicKey PublicKey { get; }

    public byte[] RawPublicKey { get; } = new byte[Ed25519.PublicKeySize];

    public static Ed25519Signer Generate()
    {
        Span<byte> seed = stackalloc byte[Ed25519.SeedSize];
        RandomNumberGenerator.Fill(seed);
        var signer = new Ed25519Signer(seed);
        CryptographicOperations.ZeroMemory(seed);
        return signer;
    }

    public override byte[] Sign(string algorithm, ReadOnlySpan<byte> data)
    {
        byte[] signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_seed.Span, data, signature);
        return signature;
    }

    // The one type whose public field is written beside a certificate, too.
    public override void Write(ref SshWriter writer, ReadOnlySpan<byte> certificate = default)
    {
        if (!certificate.IsEmpty)
            writer.WriteString(certificate);
        writer.WriteString(RawPublicKey);
        writer.WriteUInt32(Ed25519.SeedSize + Ed25519.PublicKeySize);
        writer.WriteBytes(_seed.Span);
        writer.WriteBytes(RawPublicKey);
    }

    public override void Dispose() => _seed.Dispose();
}

internal sealed class EcdsaSigner : KeySigner
{
    private readonly ECDsa _key;
    private readonly NistCurve _curve;
    private readonly Lock _sync = new();

    public EcdsaSigner(ECDsa key)
    {
        _key = key;
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        _curve = NistCurve.Of(parameters.Curve);
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteString(_curve.Name);
        writer.WriteString([4, .. parameters.Q.X!, .. parameters.Q.Y!]);
        PublicKey = SshPublicKey.FromFields("ecdsa-sha2-" + _curve.Name, writer.Written);
        writer.Dispose();
    }

    public override SshPublicKey PublicKey { get; }

    public static KeySigner ReadFields(string type, ref SshReader reader)
    {
        NistCurve curve = NistCurve.Named(reader.ReadName());
        if (type != "ecdsa-sha2-" + curve.Name)
            throw Inconsistent();
        ReadOnlySpan<byte> point = reader.ReadString();
        ReadOnlySpan<byte> secret = reader.ReadMpint();
        if (point.Length != 1 + (2 * curve.FieldSize) || secret.Length > curve.FieldSize)
            throw Inconsistent();
        byte[] d = new byte[curve.FieldSize];
        secret.CopyTo(d.AsSpan(d.Length - secret.Length));
        try
        {
            // Without Q the library computes it from d, so that a file cannot pair a key with a foreign public point.
            var signer = new EcdsaSigner(ECDsa.Create(new ECParameters { Curve = curve.Parameters, D = d }));
            ECPoint q = signer._key.ExportParameters(includePrivateParameters: false).Q;
            byte[] computed = [4, .. q.X!, .. q.Y!];
            return Checked(signer, point.SequenceEqual(computed));
        }
        catch (CryptographicException e)
        {
            throw Inconsistent(e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }
    }

    public override byte[] Sign(string algorithm, ReadOnlySpan<byte> data)
    {
        byte[] fixedSize;
        lock (_sync)
            fixedSize = _key.SignData(data, _curve.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var writer = new SshWriter(stackalloc byte[160]);
        writer.WriteMpint(fixedSize.AsSpan(0, _curve.FieldSize));
        writer.WriteMpint(fixedSize.AsSpan(_curve.FieldSize));
        byte[] signature = writer.ToArray();
        writer.Dispose();
        return signature;
    }

    public override void Write(ref SshWriter writer, ReadOnlySpan<byte> certificate = default)
    {
        ECParameters parameters = _key.ExportParameters(includePrivateParameters: true);
        if (certificate.IsEmpty)
        {
            writer.WriteString(_curve.Name);
            writer.WriteString([4, .. parameters.Q.X!, .. parameters.Q.Y!]);
        }
        else
        {
            writer.WriteString(certificate);
        }

        writer.WriteMpint(parameters.D);
        CryptographicOperations.ZeroMemory(parameters.D);
    }

    public override void Dispose() => _key.Dispose();
}

internal sealed class RsaSigner : KeySigner
{
    private readonly RSA _key;
    private readonly Lock _sync = new();

    public RsaSigner(RSA key)
    {
        _key = key;
        RSAParameters parameters = key.ExportParameters(includePrivateParameters: false);
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteMpint(parameters.Exponent);
        writer.WriteMpint(parameters.Modulus);
        PublicKey = SshPublicKey.FromFields("ssh-rsa", writer.Written);
        writer.Dispose();
    }

    public override SshPublicKey PublicKey { get; }

    public static KeySigner ReadFields(ref SshReader reader)
    {
        byte[] n = reader.ReadMpint().ToArray();
        byte[] e = reader.ReadMpint().ToArray();
        byte[] d = reader.ReadMpint().ToArray();
        byte[] iqmp = reader.ReadMpint().ToArray();
        byte[] p = reader.ReadMpint().ToArray();
        byte[] q = reader.ReadMpint().ToArray();
        int half = (n.Length + 1) / 2;
        var parameters = new RSAParameters { Modulus = n, Exponent = e };
        RSA key = RSA.Create();
        try
        {
            // The library fails in ways of its own for numbers that a public key is refused for.
            _ = new RsaVerifier(e, n);
            parameters.D = Padded(d, n.Length);
            parameters.InverseQ = Padded(iqmp, half);
            parameters.P = Padded(p, half);
            parameters.Q = Padded(q, half);
            parameters.DP = Padded(RemainderOfPredecessor(d, p), half);
            parameters.DQ = Padded(RemainderOfPredecessor(d, q), half);
            key.ImportParameters(parameters);
            var signer = new RsaSigner(key);

            // OpenSSL compares the numbers when it takes them; that other libraries do is not promised. A signature that verifies shows it.
            byte[] probe = signer.Sign("rsa-sha2-256", n);
            return Checked(signer, key.VerifyData(n, probe, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }
        catch (CryptographicException x)
        {
            key.Dispose();
            throw Inconsistent(x);
        }
        catch (SshKeyException)
        {
            key.Dispose();
            throw;
        }
        finally
        {
            foreach (byte[]? secret in (byte[]?[])[d, iqmp, p, q, parameters.D, parameters.InverseQ, parameters.P, parameters.Q, parameters.DP, parameters.DQ])
                CryptographicOperations.ZeroMemory(secret);
        }
    }

    public override byte[] Sign(string algorithm, ReadOnlySpan<byte> data)
    {
        lock (_sync)
            return _key.SignData(data, RsaVerifier.Hash(algorithm), RSASignaturePadding.Pkcs1);
    }

    public override void Write(ref SshWriter writer, ReadOnlySpan<byte> certificate = default)
    {
        RSAParameters parameters = _key.ExportParameters(includePrivateParameters: true);
        if (certificate.IsEmpty)
        {
            writer.WriteMpint(parameters.Modulus);
            writer.WriteMpint(parameters.Exponent);
        }
        else
        {
            writer.WriteString(certificate);
        }

        writer.WriteMpint(parameters.D);
        writer.WriteMpint(parameters.InverseQ);
        writer.WriteMpint(parameters.P);
        writer.WriteMpint(parameters.Q);
        foreach (byte[]? secret in (byte[]?[])[parameters.D, parameters.InverseQ, parameters.P, parameters.Q, parameters.DP, parameters.DQ])
            CryptographicOperations.ZeroMemory(secret);
    }

    public override void Dispose() => _key.Dispose();

    // RFC 8017 section 3.2: dP = d mod (p - 1), which key files leave out.
    private static byte[] RemainderOfPredecessor(byte[] d, byte[] prime)
    {
        BigInteger predecessor = new BigInteger(prime, isUnsigned: true, isBigEndian: true) - BigInteger.One;
        if (predecessor.Sign <= 0)
            throw Inconsistent();
        return BigInteger.Remainder(new(d, isUnsigned: true, isBigEndian: true), predecessor).ToByteArray(isUnsigned: true, isBigEndian: true);
    }

    private static byte[] Padded(byte[] value, int length)
    {
        if (value.Length > length)
            throw Inconsistent();
        byte[] padded = new byte[length];
        value.CopyTo(padded.AsSpan(length - value.Length));
        return padded;
    }
}
