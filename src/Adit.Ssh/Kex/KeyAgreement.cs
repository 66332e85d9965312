using Adit.Ssh.Wire;

namespace Adit.Ssh.Kex;

/// <summary>
/// One run of a key exchange method: both ends contribute a public value and come to the same secret K, returned as it is hashed
/// (an mpint or a string with its length). Secrets are the caller's to clear.
/// </summary>
internal abstract class KeyAgreement : IDisposable
{
    /// <summary>The client's public value: e, Q_C or C_INIT, as the content of the field on the wire.</summary>
    public abstract byte[] Offer();

    /// <summary>The server's public value and K, from the client's.</summary>
    public abstract (byte[] PublicValue, byte[] Secret) Answer(ReadOnlySpan<byte> offer);

    /// <summary>The client's K, from the server's public value.</summary>
    public abstract byte[] Complete(ReadOnlySpan<byte> answer);

    public abstract void Dispose();

    protected static byte[] EncodeMpint(ReadOnlySpan<byte> unsigned)
    {
        var writer = new SshWriter(stackalloc byte[80]);
        writer.WriteMpint(unsigned);
        byte[] encoded = writer.ToArray();
        writer.Dispose();
        return encoded;
    }

    protected static SshProtocolException BadValue() => new(CloseReason.KeyExchangeFailed, "the peer's public value of the key exchange is invalid");
}
