using System.Buffers.Binary;
using System.Text;
using Adit.Relay;

namespace Adit.Npgsql;

/// <summary>
/// The first words between a client and a server of PostgreSQL (protocol 3, "Message Flow: Start-up"), as far as it takes to tell a client
/// in its own language why it is refused.
/// </summary>
internal static class PostgresStartup
{
    private const int SslRequest = 80877103;
    private const int GssRequest = 80877104;
    private const int CancelRequest = 80877102;
    private const int HeaderLength = 8;

    // As long as PostgreSQL lets it be.
    private const int LongestPacket = 10_000;
    private const int MostPackets = 4;

    private static readonly byte[] No = "N"u8.ToArray();
    private static readonly byte[] Yes = "S"u8.ToArray();

    /// <summary>Waits for the client's startup and answers it with an error; says no to encryption that is merely offered.</summary>
    /// <param name="client">The client.</param>
    /// <param name="sqlState">The error's code.</param>
    /// <param name="message">The error's text.</param>
    /// <param name="onEncryption">
    /// Called where the client insists on encryption, just before it is told to begin: it has to hear of the error by another way. Null where it does not insist.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The client is gone.</exception>
    public static async ValueTask RefuseAsync(Duplex client, string sqlState, string message, Action? onEncryption, CancellationToken cancellationToken)
    {
        var packets = new PacketReader(client);
        for (int i = 0; i < MostPackets; i++)
        {
            switch (await packets.NextAsync(cancellationToken).ConfigureAwait(false))
            {
                case SslRequest when onEncryption is not null:
                    onEncryption();
                    await client.WriteAsync(Yes, cancellationToken).ConfigureAwait(false);
                    return;
                case SslRequest or GssRequest:
                    await client.WriteAsync(No, cancellationToken).ConfigureAwait(false);
                    break;
                case CancelRequest or null:
                    return;
                default:
                    await client.WriteAsync(ErrorResponse(sqlState, message), cancellationToken).ConfigureAwait(false);
                    return;
            }
        }
    }

    /// <summary>The message ErrorResponse.</summary>
    internal static byte[] ErrorResponse(string sqlState, string message)
    {
        byte[] fields = Encoding.UTF8.GetBytes($"SFATAL\0VFATAL\0C{sqlState}\0M{message.Replace('\0', ' ')}\0\0");
        byte[] packet = new byte[1 + sizeof(int) + fields.Length];
        packet[0] = (byte)'E';
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(1), sizeof(int) + fields.Length);
        fields.CopyTo(packet.AsSpan(1 + sizeof(int)));
        return packet;
    }

    /// <summary>Reads packets that have no type: length and code in front.</summary>
    private sealed class PacketReader(Duplex client)
    {
        private byte[] _received = [];

        /// <summary>The code of the next packet, whose rest is skipped; null at the end, and for what is no packet.</summary>
        public async ValueTask<int?> NextAsync(CancellationToken cancellationToken)
        {
            if (!await FillAsync(HeaderLength, cancellationToken).ConfigureAwait(false))
                return null;
            int length = BinaryPrimitives.ReadInt32BigEndian(_received);
            int code = BinaryPrimitives.ReadInt32BigEndian(_received.AsSpan(sizeof(int)));
            if (length is < HeaderLength or > LongestPacket || !await FillAsync(length, cancellationToken).ConfigureAwait(false))
                return null;
            _received = _received[length..];
            return code;
        }

        private async ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken)
        {
            while (_received.Length < count)
            {
                ReadOnlyMemory<byte> chunk = await client.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (chunk.IsEmpty)
                    return false;
                _received = [.. _received, .. chunk.Span];
            }

            return true;
        }
    }
}
