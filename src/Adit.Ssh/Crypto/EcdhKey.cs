using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>An ephemeral key of ECDH on a NIST curve, RFC 5656 section 4. One thread at a time.</summary>
internal sealed class EcdhKey : IDisposable
{
    private const byte Uncompressed = 0x04;

    private readonly ECCurve _curve;
    private readonly ECDiffieHellman _key;
    private readonly int _fieldSize;

    /// <summary>Makes a fresh key on a named curve: nistP256, nistP384 or nistP521.</summary>
    public EcdhKey(ECCurve nistCurve)
        : this(nistCurve, ECDiffieHellman.Create(nistCurve))
    {
    }

    private EcdhKey(ECCurve curve, ECDiffieHellman key)
    {
        _curve = curve;
        _key = key;
        _fieldSize = (key.KeySize + 7) / 8;
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        PublicPoint = [Uncompressed, .. parameters.Q.X!, .. parameters.Q.Y!];
    }

    /// <summary>The public key as 0x04, X, Y (SEC 1 section 2.3.3).</summary>
    public byte[] PublicPoint { get; }

    /// <summary>
    /// The X coordinate of the shared point in the fixed size of the field; to be cleared by the caller. False when the peer's
    /// bytes are not an uncompressed point of the curve other than infinity (RFC 5656 section 4).
    /// </summary>
    public bool TryAgree(ReadOnlySpan<byte> peerPoint, out byte[] secret)
    {
        secret = [];
        if (peerPoint.Length != 1 + (2 * _fieldSize) || peerPoint[0] != Uncompressed)
            return false;
        ECParameters parameters = new()
        {
            Curve = _curve,
            Q = new ECPoint { X = peerPoint.Slice(1, _fieldSize).ToArray(), Y = peerPoint[(1 + _fieldSize)..].ToArray() },
        };
        ECDiffieHellman peer;
        try
        {
            peer = ECDiffieHellman.Create(parameters);
        }
        catch (CryptographicException)
        {
            // The platform checks that the point lies on the curve; this is how it says no.
            return false;
        }
        using (peer)
        using (ECDiffieHellmanPublicKey publicKey = peer.PublicKey)
            secret = _key.DeriveRawSecretAgreement(publicKey);
        return true;
    }

    public void Dispose() => _key.Dispose();

    /// <summary>A key with a given private scalar, for published vectors.</summary>
    internal static EcdhKey FromScalar(ECCurve nistCurve, byte[] scalar) =>
        new(nistCurve, ECDiffieHellman.Create(new ECParameters { Curve = nistCurve, D = scalar }));
}
