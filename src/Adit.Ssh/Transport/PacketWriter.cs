using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Adit.Ssh.Transport;

/// <summary>
/// Seals packets into one output buffer and sends it: the send loop of a connection. All packets that are ready leave in one write;
/// while a write is under way the next ones gather. Belongs to the send loop.
/// </summary>
internal sealed class PacketWriter(Stream stream, Outbox outbox, Func<Action, bool>? later = null) : IDisposable
{
    /// <summary>
    /// A write is started when this much is sealed, which two of the largest packets are, or nothing more is ready. Over a slow link less, so that
    /// what is small does not wait behind much.
    /// </summary>
    private const int MostBatchBytes = 96 * 1024;
    private const int LeastBatchBytes = 16 * 1024;

    /// <summary>How long a batch may take to leave, as far as the last one tells.</summary>
    private static readonly TimeSpan BatchTime = TimeSpan.FromMilliseconds(2);

    /// <summary>Room that every packet finds: the largest payload sent here, header, padding and tag.</summary>
    private const int PacketRoom = 72 * 1024;

    /// <summary>So many batches in a row, then the borrowed thread is given back to its own work.</summary>
    private const int BatchesPerTurn = 8;

    private const int MinPadding = 4;
    private const int HeaderLength = sizeof(uint) + 1;

    private KeyEpoch _epoch = new(new PlainPacketCipher());
    private uint _sequence;
    private byte[] _output = [];
    private int _length;
    private int _payloadStart;
    private int _batchBytes = MostBatchBytes;

    /// <summary>Whether sequence numbers start anew at each NEWKEYS: strict key exchange.</summary>
    public bool ResetsSequence { get; set; }

    /// <summary>Runs until the outbox is complete or the stream fails. <paramref name="afterBatch"/> is called when a batch was sealed.</summary>
    public async Task RunAsync(Action afterBatch)
    {
        while (await outbox.WaitAsync().ConfigureAwait(false))
        {
            int batches = 0;
            _output = ArrayPool<byte>.Shared.Rent(MostBatchBytes + PacketRoom);
            try
            {
                while (Fill())
                {
                    afterBatch();
                    ValueTask writing = stream.WriteAsync(_output.AsMemory(0, _length));
                    if (writing.IsCompletedSuccessfully)
                        _batchBytes = Math.Min(_batchBytes * 2, MostBatchBytes);
                    else
                        await MeasureAsync(writing).ConfigureAwait(false);
                    _length = 0;
                    if (++batches % BatchesPerTurn == 0)
                        await new ThreadTurn(later);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(_output);
                _output = [];
            }
        }
    }

    /// <summary>Most data bytes that a source should put into its next packet.</summary>
    public int MostData => _batchBytes;

    /// <summary>Seals a packet with this payload. For sources, within <see cref="IPacketSource.Produce"/>.</summary>
    public void Write(ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(Reserve(payload.Length));
        Seal(payload.Length);
    }

    /// <summary>Room for a payload, to be filled and sealed by <see cref="Seal(int)"/>.</summary>
    public Span<byte> Reserve(int payloadLength)
    {
        int needed = _length + HeaderLength + payloadLength + byte.MaxValue + _epoch.Cipher.TagLength;
        if (needed > _output.Length)
            Grow(needed);
        _payloadStart = _length + HeaderLength;
        return _output.AsSpan(_payloadStart, payloadLength);
    }

    /// <summary>Makes a packet of the reserved payload, RFC 4253 section 6.</summary>
    public void Seal(int payloadLength) => Seal(payloadLength, []);

    /// <summary>As <see cref="Seal(int)"/>; what is to end the payload is not there yet, but is this data.</summary>
    public void Seal(int payloadLength, ReadOnlySpan<byte> data)
    {
        PacketCipher cipher = _epoch.Cipher;
        int aligned = (cipher.AlignsLength ? HeaderLength : 1) + payloadLength;
        int padding = cipher.BlockSize - (aligned % cipher.BlockSize);
        if (padding < MinPadding)
            padding += cipher.BlockSize;

        int packetLength = 1 + payloadLength + padding;
        Span<byte> packet = _output.AsSpan(_length, sizeof(uint) + packetLength);
        BinaryPrimitives.WriteUInt32BigEndian(packet, (uint)packetLength);
        packet[sizeof(uint)] = (byte)padding;

        // Zeroes will do: random padding (RFC 4253 section 6) served CBC; under these ciphers it hides nothing more.
        packet[^padding..].Clear();
        Span<byte> tag = _output.AsSpan(_length + packet.Length, cipher.TagLength);
        cipher.Seal(_epoch.At(_sequence), packet, HeaderLength + payloadLength - data.Length, data, tag);

        _epoch.Advance(cipher.AlignsLength ? packet.Length : packetLength);
        _sequence = unchecked(_sequence + 1);
        _length += packet.Length + cipher.TagLength;
    }

    public void Dispose() => _epoch.Dispose();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask MeasureAsync(ValueTask writing)
    {
        long began = Stopwatch.GetTimestamp();
        await writing.ConfigureAwait(false);
        double share = BatchTime / Stopwatch.GetElapsedTime(began);
        _batchBytes = (int)Math.Clamp(_length * share, LeastBatchBytes, MostBatchBytes);
    }

    private bool Fill()
    {
        while (_length < _batchBytes && outbox.TryTake(out Outgoing next))
        {
            if (next.Source is { } source)
            {
                if (source.Produce(this))
                    outbox.Ready(source);
                continue;
            }

            Write(next.Payload);
            CryptographicOperations.ZeroMemory(next.Payload);
            if (next.ThenSwitchTo is { } epoch)
                Switch(epoch);
        }

        return _length > 0;
    }

    private void Switch(KeyEpoch next)
    {
        _epoch.Dispose();
        _epoch = next;
        if (ResetsSequence)
            _sequence = 0;
        outbox.OpenGate();
    }

    private void Grow(int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(needed);
        _output.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_output);
        _output = larger;
    }
}
