using System.Security.Cryptography;
using Adit.Ssh.Crypto;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>The mathematical part of a public key. Immutable.</summary>
internal abstract class KeyVerifier
{
    public abstract int Bits { get; }

    /// <summary>Reads the fields of a key behind its type name.</summary>
    /// <exception cref="SshKeyException">The key is invalid or too small.</exception>
    public static KeyVerifier Read(string plainType, ref SshReader reader) => plainType switch
    {
        "ssh-ed25519" => new Ed25519Verifier(reader.ReadString()),
        "ssh-rsa" => new RsaVerifier(reader.ReadMpint(), reader.ReadMpint()),
        _ => new EcdsaVerifier(plainType, reader.ReadName(), reader.ReadString()),
    };

    /// <summary>Checks a signature without its format name.</summary>
    /// <param name="algorithm">The plain algorithm that made it.</param>
    /// <param name="data">What was signed.</param>
    /// <param name="signature">The inner blob of RFC 4253 section 6.6.</param>
    public abstract bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature);
}

/// <summary>ssh-ed25519, RFC 8709.</summary>
internal sealed class Ed25519Verifier : KeyVerifier
{
    private readonly byte[] _publicKey;

    public Ed25519Verifier(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != Ed25519.PublicKeySize)
            throw new SshKeyException(SshKeyError.Malformed, $"an Ed25519 key has {Ed25519.PublicKeySize} bytes, this one has {publicKey.Length}");
        _publicKey = publicKey.ToArray();
    }

    public override int Bits => 256;

    public override bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        signature.Length == Ed25519.SignatureSize && Ed25519.Verify(_publicKey, data, signature);
}

/// <summary>ecdsa-sha2-nistp256, 384 and 521, RFC 5656 section 3.</summary>
internal sealed class EcdsaVerifier : KeyVerifier
{
    private readonly ECParameters _key;

    public EcdsaVerifier(string type, string curve, ReadOnlySpan<byte> point)
    {
        if (type != "ecdsa-sha2-" + curve)
            throw new SshKeyException(SshKeyError.Malformed, $"a key of type {type} names the curve {PeerText.Printable(curve)}");
        Curve = NistCurve.Named(curve);
        const byte uncompressed = 4;
        if (point.Length != 1 + (2 * Curve.FieldSize) || point[0] != uncompressed)
            throw new SshKeyException(SshKeyError.Malformed, "the point of an ECDSA key has the wrong form");
        _key = new()
        {
            Curve = Curve.Parameters,
            Q = new() { X = point.Slice(1, Curve.FieldSize).ToArray(), Y = point[(1 + Curve.FieldSize)..].ToArray() },
        };
        try
        {
            using ECDsa key = ECDsa.Create(_key);
        }
        catch (CryptographicException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, "the point of an ECDSA key is not on its curve", e);
        }
    }

    public override int Bits => Curve.Bits;

    public NistCurve Curve { get; }

    public override bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        byte[] fixedSize = new byte[2 * Curve.FieldSize];
        var reader = new SshReader(signature);
        ReadOnlySpan<byte> r = reader.ReadMpint();
        ReadOnlySpan<byte> s = reader.ReadMpint();
        if (!reader.AtEnd || r.Length > Curve.FieldSize || s.Length > Curve.FieldSize)
            return false;
        r.CopyTo(fixedSize.AsSpan(Curve.FieldSize - r.Length));
        s.CopyTo(fixedSize.AsSpan((2 * Curve.FieldSize) - s.Length));
        using ECDsa key = ECDsa.Create(_key);
        return key.VerifyData(data, fixedSize, Curve.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}

/// <summary>ssh-rsa keys, which sign as rsa-sha2-256 and rsa-sha2-512: RFC 4253 section 6.6, RFC 8332.</summary>
internal sealed class RsaVerifier : KeyVerifier
{
    public const int MinBits = 2048;
    public const int MaxBits = 16384;

    private readonly RSAParameters _key;

    public RsaVerifier(ReadOnlySpan<byte> exponent, ReadOnlySpan<byte> modulus)
    {
        Bits = modulus.IsEmpty ? 0 : (modulus.Length * 8) - System.Numerics.BitOperations.LeadingZeroCount((uint)modulus[0]) + 24;
        if (Bits < MinBits)
            throw new SshKeyException(SshKeyError.Unsupported, $"an RSA key of {Bits} bits is too weak (RequiredRSASize); at least {MinBits} are needed");
        if (Bits > MaxBits || exponent.Length > sizeof(ulong))
            throw new SshKeyException(SshKeyError.Unsupported, $"an RSA key of {Bits} bits, or its exponent, is larger than what is served");
        if (exponent.IsEmpty || (exponent[^1] & 1) == 0 || (exponent is [1]))
            throw new SshKeyException(SshKeyError.Malformed, "the exponent of an RSA key is impossible");
        if ((modulus[^1] & 1) == 0)
            throw new SshKeyException(SshKeyError.Malformed, "the modulus of an RSA key is even");
        _key = new() { Exponent = exponent.ToArray(), Modulus = modulus.ToArray() };
    }

    public override int Bits { get; }

    public static HashAlgorithmName Hash(string algorithm) => algorithm == "rsa-sha2-512" ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256;

    public override bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        int size = _key.Modulus!.Length;
        if (signature.Length > size)
            return false;

        // Some signers drop leading zeroes; OpenSSH puts them back, too.
        byte[] padded = new byte[size];
        signature.CopyTo(padded.AsSpan(size - signature.Length));
        using RSA key = RSA.Create(_key);
        return key.VerifyData(data, padded, Hash(algorithm), RSASignaturePadding.Pkcs1);
    }
}

/// <summary>A NIST curve under its name in SSH, with the hash that goes with it (RFC 5656 section 6.2.1).</summary>
internal sealed record NistCurve(string Name, int Bits, ECCurve Parameters, HashAlgorithmName Hash)
{
    private static readonly NistCurve[] All =
    [
        new("nistp256", 256, ECCurve.NamedCurves.nistP256, HashAlgorithmName.SHA256),
        new("nistp384", 384, ECCurve.NamedCurves.nistP384, HashAlgorithmName.SHA384),
        new("nistp521", 521, ECCurve.NamedCurves.nistP521, HashAlgorithmName.SHA512),
    ];

    /// <summary>Bytes of a coordinate.</summary>
    public int FieldSize => (Bits + 7) / 8;

    public static NistCurve Named(string name) => All.FirstOrDefault(curve => curve.Name == name)
        ?? throw new SshKeyException(SshKeyError.Unsupported, $"the curve {PeerText.Printable(name)} is not served");

    /// <summary>The curve of a key that was read by the platform: only by its name, never by parameters that look alike.</summary>
    public static NistCurve Of(ECCurve parameters) => All.FirstOrDefault(curve => parameters.IsNamed && parameters.Oid.Value == curve.Parameters.Oid.Value)
        ?? throw new SshKeyException(SshKeyError.Unsupported, "the key is on a curve that is not served; nistp256, nistp384 and nistp521 are");
}
