using System.Formats.Asn1;
using System.Globalization;
using System.Text;

namespace Adit.StartTls;

/// <summary>LDAP before TLS: the extended operation StartTLS, RFC 4511 section 4.14. Only as a client.</summary>
internal sealed class LdapOpening() : ClientOnlyOpening("LDAP")
{
    /// <summary>The most bytes of the server's answer.</summary>
    public const int MaxAnswerBytes = 4096;

    private const string Server = "the LDAP server";
    private const string StartTls = "1.3.6.1.4.1.1466.20037";
    private const int MessageId = 1;
    private const byte Sequence = 0x30;
    private const int LongForm = 0x80;
    private const int MaxLengthBytes = 4;

    private static readonly Asn1Tag ExtendedRequest = new(TagClass.Application, 23);
    private static readonly Asn1Tag RequestName = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag ExtendedResponse = new(TagClass.Application, 24);

    /// <inheritdoc/>
    /// <remarks>Nothing has to be handed on: an LDAP server speaks when it is spoken to.</remarks>
    public override async ValueTask<ReadOnlyMemory<byte>> AskAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        await stream.WriteAsync(Request(), cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            byte[] content = await ReadMessageAsync(stream, cancellationToken).ConfigureAwait(false);
            ExpectSuccess(new AsnReader(content, AsnEncodingRules.BER));
        }
        catch (EndOfStreamException e)
        {
            throw new OpeningException($"{Server} closed the connection before TLS began", e);
        }
        catch (AsnContentException e)
        {
            throw NoLdap("its answer is malformed", e);
        }
        return default;
    }

    private static byte[] Request()
    {
        AsnWriter message = new(AsnEncodingRules.BER);
        using (message.PushSequence())
        {
            message.WriteInteger(MessageId);
            using (message.PushSequence(ExtendedRequest))
                message.WriteOctetString(Encoding.ASCII.GetBytes(StartTls), RequestName);
        }
        return message.Encode();
    }

    // The content of one message, and not a byte behind it. Active Directory writes each length in four bytes.
    private static async ValueTask<byte[]> ReadMessageAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] head = new byte[2 + MaxLengthBytes];
        await stream.ReadExactlyAsync(head.AsMemory(0, 2), cancellationToken).ConfigureAwait(false);
        if (head[0] != Sequence)
            throw NoLdap(string.Create(CultureInfo.InvariantCulture, $"its answer begins with 0x{head[0]:x2}"));
        long length = head[1];
        if (length >= LongForm)
        {
            int lengthBytes = head[1] - LongForm;
            if (lengthBytes is 0 or > MaxLengthBytes)
                throw NoLdap("its answer has a malformed length");
            await stream.ReadExactlyAsync(head.AsMemory(2, lengthBytes), cancellationToken).ConfigureAwait(false);
            length = 0;
            foreach (byte part in head.AsSpan(2, lengthBytes))
                length = (length << 8) | part;
        }
        if (length > MaxAnswerBytes)
            throw new OpeningException($"{Server} gave an answer of {length.ToString(CultureInfo.InvariantCulture)} bytes; {MaxAnswerBytes} are the limit");
        byte[] content = new byte[length];
        await stream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
        return content;
    }

    private static void ExpectSuccess(AsnReader message)
    {
        // Message 0 is the server's own, with which it says that it ends the connection (RFC 4511 section 4.4.1).
        if (!message.TryReadInt32(out int id) || id is not (0 or MessageId))
            throw NoLdap("it answered another request");
        AsnReader response = message.ReadSequence(ExtendedResponse);
        ReadOnlyMemory<byte> code = response.ReadEnumeratedBytes();
        response.ReadOctetString();
        string text = Encoding.Latin1.GetString(response.ReadOctetString());
        int result = code.Length == 1 ? code.Span[0] : int.MaxValue;
        if (id == 0)
            throw new OpeningException($"{Server} ended the connection: {InWords(result, text)}");
        if (result != 0)
            throw new OpeningException($"{Server} refused StartTLS: {InWords(result, text)}");
    }

    // RFC 4511 appendix A.
    private static string InWords(int result, string text)
    {
        string words = result switch
        {
            1 => "operations error",
            2 => "protocol error, so it may not know StartTLS",
            10 => "referral to another server",
            50 => "insufficient access rights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwilling to perform",
            _ => string.Create(CultureInfo.InvariantCulture, $"result {result}"),
        };
        return text.Length == 0 ? words : $"{words}, {LineConversation.Quote(text)}";
    }

    private static OpeningException NoLdap(string why, Exception? cause = null) => new($"{Server} does not speak LDAP: {why}", cause);
}
