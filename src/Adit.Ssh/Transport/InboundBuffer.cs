using System.Buffers;
using System.Runtime.CompilerServices;

namespace Adit.Ssh.Transport;

/// <summary>
/// The one place where bytes of the peer arrive. Reads as much as one call gives; grows while reads fill it, so that bulk needs few
/// system calls, and shrinks back when little comes.
/// </summary>
internal sealed class InboundBuffer(Stream stream) : IDisposable
{
    public const int SmallSize = 16 * 1024;

    /// <summary>Two of the largest packets that are sent here, or four of OpenSSH's, so that bulk fills it with whole ones and little is moved.</summary>
    public const int LargeSize = (128 * 1024) + 256;

    private byte[] _slab = ArrayPool<byte>.Shared.Rent(SmallSize);
    private int _size = SmallSize;
    private int _start;
    private int _end;

    public ReadOnlySpan<byte> Unread => _slab.AsSpan(_start, _end - _start);

    public void Consume(int count)
    {
        _start += count;
        if (_start == _end)
            _start = _end = 0;
    }

    /// <summary>Makes sure that a packet of <paramref name="length"/> bytes fits behind what is unread already consumed.</summary>
    public void Require(int length)
    {
        if (length > _size)
            Resize(length);
    }

    /// <summary>Waits for more bytes. False at the end of the stream.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            Unread.CopyTo(_slab);
            _end -= _start;
            _start = 0;
        }

        if (_end == _size)
            Resize(_size * 2);
        int read = await stream.ReadAsync(_slab.AsMemory(_end, _size - _end), cancellationToken).ConfigureAwait(false);
        _end += read;
        if (_end == _size && _size < LargeSize)
            Resize(LargeSize);
        else if (_size > SmallSize * 2 && _end < SmallSize / 2)
            Resize(SmallSize);
        return read > 0;
    }

    public void Dispose()
    {
        byte[] slab = Interlocked.Exchange(ref _slab, []);
        _start = _end = 0;
        if (slab.Length > 0)
            ArrayPool<byte>.Shared.Return(slab);
    }

    private void Resize(int size)
    {
        byte[] slab = ArrayPool<byte>.Shared.Rent(size);
        int unread = _end - _start;
        Unread.CopyTo(slab);
        ArrayPool<byte>.Shared.Return(_slab);
        _slab = slab;
        _size = size;
        _start = 0;
        _end = unread;
    }
}
