using System.Security.Cryptography;
using Adit.Ssh.Crypto;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Kex;

/// <summary>diffie-hellman-group14-sha256, group16-sha512 and group18-sha512: RFC 4253 section 8, RFC 8268.</summary>
internal sealed class FiniteFieldAgreement : KeyAgreement
{
    private readonly FiniteFieldGroup _group;
    private readonly byte[] _exponent;
    private readonly byte[] _publicValue;

    public FiniteFieldAgreement(FiniteFieldGroup group)
    {
        _group = group;
        group.GenerateKeyPair(out _exponent, out byte[] publicValue);
        _publicValue = EncodeMpint(publicValue)[sizeof(uint)..];
    }

    public override byte[] Offer() => _publicValue;

    public override (byte[] PublicValue, byte[] Secret) Answer(ReadOnlySpan<byte> offer) => (_publicValue, Complete(offer));

    public override byte[] Complete(ReadOnlySpan<byte> answer)
    {
        if (!_group.TryAgree(_exponent, ReadMpintContent(answer), out byte[] secret))
            throw BadValue();
        byte[] encoded = EncodeMpint(secret);
        CryptographicOperations.ZeroMemory(secret);
        return encoded;
    }

    public override void Dispose() => CryptographicOperations.ZeroMemory(_exponent);

    private static ReadOnlySpan<byte> ReadMpintContent(ReadOnlySpan<byte> content)
    {
        bool negative = !content.IsEmpty && (content[0] & 0x80) != 0;
        bool padded = content.Length > 1 && content[0] == 0 && (content[1] & 0x80) == 0;
        if (negative || padded)
            throw new SshFormatException("the mpint of the key exchange is negative or has needless leading zeroes");
        return content.TrimStart((byte)0);
    }
}
