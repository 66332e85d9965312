using System.Formats.Asn1;
using Adit.Ssh.Keys;
using Adit.Ssh.Tests.Crypto;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Tests.Keys;

/// <summary>
/// Wycheproof's signatures, carried over into SSH's forms. ECDSA signatures are DER there and two mpints here: those whose DER is
/// broken have no counterpart and are left out, all others keep the bytes of their integers, negative ones too.
/// </summary>
public sealed class SignatureVectorTests
{
    [Theory]
    [InlineData("ecdsa_secp256r1_sha256.json", "nistp256", 484, 291)]
    [InlineData("ecdsa_secp384r1_sha384.json", "nistp384", 504, 311)]
    [InlineData("ecdsa_secp521r1_sha512.json", "nistp521", 542, 350)]
    public void Every_ecdsa_vector_of_wycheproof_verifies_or_is_refused(string file, string curve, int all, int carriedOver)
    {
        WycheproofVector[] leftOut = [.. Wycheproof.Read(file).Where(static vector => !IsDer(vector))];
        Assert.Equal(all - carriedOver, leftOut.Length);
        Assert.All(leftOut, static vector => Assert.False(vector.IsValid));

        Wycheproof.Run(file, carriedOver, IsDer, vector =>
        {
            var fields = new SshWriter(stackalloc byte[256]);
            fields.WriteString(curve);
            fields.WriteString(Convert.FromHexString(vector.Group.GetProperty("publicKey").GetProperty("uncompressed").GetString()!));
            SshPublicKey key = SshPublicKey.FromFields("ecdsa-sha2-" + curve, fields.Written);

            AsnReader der = new AsnReader(vector.Bytes("sig"), AsnEncodingRules.DER).ReadSequence();
            var inner = new SshWriter(stackalloc byte[256]);
            WriteInteger(ref inner, der.ReadIntegerBytes());
            WriteInteger(ref inner, der.ReadIntegerBytes());
            bool verified = key.Verify(key.KeyType, vector.Bytes("msg"), Signatures.Blob(key.KeyType, inner.Written));
            return verified == vector.IsValid ? null : $"verified = {verified}";
        });
    }

    // "Acceptable" is a DigestInfo without NULL, which no SSH implementation makes; it is refused.
    [Theory]
    [InlineData("rsa_signature_2048_sha256.json", "rsa-sha2-256", 259)]
    [InlineData("rsa_signature_3072_sha512.json", "rsa-sha2-512", 260)]
    public void Every_rsa_vector_of_wycheproof_verifies_or_is_refused(string file, string algorithm, int count) =>
        Wycheproof.Run(file, count, static _ => true, vector =>
        {
            var fields = new SshWriter(stackalloc byte[1024]);
            fields.WriteMpint(Convert.FromHexString(vector.Group.GetProperty("publicKey").GetProperty("publicExponent").GetString()!));
            fields.WriteMpint(Convert.FromHexString(vector.Group.GetProperty("publicKey").GetProperty("modulus").GetString()!));
            SshPublicKey key = SshPublicKey.FromFields("ssh-rsa", fields.Written);
            bool verified = key.Verify(algorithm, vector.Bytes("msg"), Signatures.Blob(algorithm, vector.Bytes("sig")));
            return verified == vector.IsValid ? null : $"verified = {verified}";
        });

    [Fact]
    public void Every_ed25519_vector_of_wycheproof_verifies_or_is_refused() =>
        Wycheproof.Run("ed25519.json", 151, static _ => true, vector =>
        {
            var fields = new SshWriter(stackalloc byte[64]);
            fields.WriteString(Convert.FromHexString(vector.Group.GetProperty("publicKey").GetProperty("pk").GetString()!));
            SshPublicKey key = SshPublicKey.FromFields("ssh-ed25519", fields.Written);
            bool verified = key.Verify("ssh-ed25519", vector.Bytes("msg"), Signatures.Blob("ssh-ed25519", vector.Bytes("sig")));
            return verified == vector.IsValid ? null : $"verified = {verified}";
        });

    private static bool IsDer(WycheproofVector vector)
    {
        try
        {
            var outer = new AsnReader(vector.Bytes("sig"), AsnEncodingRules.DER);
            AsnReader sequence = outer.ReadSequence();
            sequence.ReadIntegerBytes();
            sequence.ReadIntegerBytes();
            sequence.ThrowIfNotEmpty();
            outer.ThrowIfNotEmpty();
            return true;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    // An mpint is the content of a DER integer, except that zero has no bytes.
    private static void WriteInteger(ref SshWriter writer, ReadOnlyMemory<byte> integer) =>
        writer.WriteString(integer.Span is [0] ? [] : integer.Span);
}
