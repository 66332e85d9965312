using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>Several pieces of memory sent with one call, sendmsg(2). .NET has that for lists of arrays only, for which it allocates.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class GatheredSend
{
    private const int MostPieces = 16;
    private const int DoNotWait = 0x40;
    private const int NoSignal = 0x4000;

    /// <summary>Sends what the socket takes at once.</summary>
    /// <returns>How many bytes that were; none where it is full, or has failed, which the next call of .NET's tells.</returns>
    internal static long Try(SafeSocketHandle socket, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        Pins pins = default;
        SocketMessage.Piece* memory = stackalloc SocketMessage.Piece[MostPieces];
        int count = Math.Min(pieces.Length, MostPieces);
        try
        {
            for (int i = 0; i < count; i++)
            {
                pins[i] = pieces[i].Pin();
                memory[i] = new() { Base = pins[i].Pointer, Length = (nuint)pieces[i].Length };
            }

            var message = new SocketMessage { Pieces = memory, PieceCount = (nuint)count };
            return Math.Max(0, SendMessage(socket, &message, DoNotWait | NoSignal));
        }
        finally
        {
            for (int i = 0; i < count; i++)
                pins[i].Dispose();
        }
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = false)]
    private static partial nint SendMessage(SafeSocketHandle socket, SocketMessage* message, int flags);

    [InlineArray(MostPieces)]
    private struct Pins
    {
        private MemoryHandle _first;
    }
}
