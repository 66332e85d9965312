using Adit.Ssh.Keys;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Tests.Keys;

/// <summary>Blobs put together by hand, right and wrong.</summary>
internal static class KeyBytes
{
    public delegate void Fields(ref SshWriter writer);

    public static byte[] Of(Fields fields)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        fields(ref writer);
        byte[] bytes = writer.ToArray();
        writer.Dispose();
        return bytes;
    }

    public static byte[] Signature(string algorithm, byte[] signature) => Of((ref SshWriter writer) =>
    {
        writer.WriteString(algorithm);
        writer.WriteString(signature);
    });

    public static byte[] Rsa(byte[] exponent, byte[] modulus) => Of((ref SshWriter writer) =>
    {
        writer.WriteString("ssh-rsa");
        writer.WriteMpint(exponent);
        writer.WriteMpint(modulus);
    });

    public static byte[] Ecdsa(string type, string curve, byte[] point) => Of((ref SshWriter writer) =>
    {
        writer.WriteString(type);
        writer.WriteString(curve);
        writer.WriteString(point);
    });

    public static byte[] Ed25519(byte[] publicKey) => Of((ref SshWriter writer) =>
    {
        writer.WriteString("ssh-ed25519");
        writer.WriteString(publicKey);
    });

    /// <summary>The inner blob of a signature of RFC 4253 section 6.6.</summary>
    public static byte[] InnerSignature(byte[] signatureBlob)
    {
        var reader = new SshReader(signatureBlob);
        reader.ReadName();
        return reader.ReadString().ToArray();
    }

    public static SshKeyException Refused(SshKeyError kind, Action action)
    {
        SshKeyException refusal = Assert.Throws<SshKeyException>(action);
        Assert.Equal(kind, refusal.Kind);
        return refusal;
    }
}
