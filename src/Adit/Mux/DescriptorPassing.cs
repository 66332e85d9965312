using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Platform;
using Microsoft.Win32.SafeHandles;

namespace Adit.Mux;

/// <summary>
/// Open files handed from one process to another over a Unix socket (SCM_RIGHTS, unix(7)): one at a time, with one byte of zero, as
/// OpenSSH does it. None of these calls waits.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class DescriptorPassing
{
    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int DoNotWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int CloseOnExec = 0x40000000;
    private const int ControlTruncated = 0x8;
    private const int TryAgain = 11;
    private const int Interrupted = 4;

    // Room for more than one, so that a sender of several is told from an honest one. What does not fit the kernel closes.
    private const int ControlBytes = 64;

    /// <summary>Sends one descriptor; the sender keeps its own. False where the socket takes nothing now.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    internal static bool TrySend(SafeSocketHandle socket, SafeHandle descriptor)
    {
        bool held = false;
        try
        {
            descriptor.DangerousAddRef(ref held);
            return TrySend(socket, (int)descriptor.DangerousGetHandle());
        }
        finally
        {
            if (held)
                descriptor.DangerousRelease();
        }
    }

    /// <summary>Receives one descriptor, which is the caller's. False where nothing is there now.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    /// <exception cref="MuxException">The peer ended the connection, or sent no descriptor or several; those that came are closed.</exception>
    internal static bool TryReceive(SafeSocketHandle socket, [NotNullWhen(true)] out SafeFileHandle? descriptor)
    {
        descriptor = null;
        nuint* control = stackalloc nuint[ControlBytes / sizeof(nuint)];
        byte text = 0;
        SocketMessage.Piece piece = new() { Base = &text, Length = 1 };
        SocketMessage message = new() { Pieces = &piece, PieceCount = 1, Control = control, ControlLength = ControlBytes };
        nint received = ReceiveMessage(socket, ref message, DoNotWait | CloseOnExec);
        if (received < 0)
            return Retry();

        // From here on the descriptors are ours, whatever is wrong with the message.
        List<SafeFileHandle> came = Take(in message);
        if (received == 1 && text == 0 && came.Count == 1 && (message.Flags & ControlTruncated) == 0)
        {
            descriptor = came[0];
            return true;
        }

        foreach (SafeFileHandle one in came)
            one.Dispose();
        throw new MuxException(received == 0
            ? "the client ended the connection where a descriptor was due"
            : $"the client sent {came.Count} descriptors at once where one was due");
    }

    private static bool TrySend(SafeSocketHandle socket, int descriptor)
    {
        nuint* control = stackalloc nuint[ControlBytes / sizeof(nuint)];
        byte text = 0;
        SocketMessage.Piece piece = new() { Base = &text, Length = 1 };
        ControlHeader* header = (ControlHeader*)control;
        *header = new() { Length = (nuint)(sizeof(ControlHeader) + sizeof(int)), Level = SocketLevel, Type = Rights };
        *(int*)(header + 1) = descriptor;
        SocketMessage message = new() { Pieces = &piece, PieceCount = 1, Control = control, ControlLength = (nuint)sizeof(ControlHeader) + Align(sizeof(int)) };
        return SendMessage(socket, ref message, DoNotWait | NoSignal) == 1 || Retry();
    }

    private static List<SafeFileHandle> Take(in SocketMessage message)
    {
        List<SafeFileHandle> taken = [];
        byte* at = (byte*)message.Control;
        byte* end = at + message.ControlLength;
        while (end - at >= sizeof(ControlHeader))
        {
            ControlHeader* header = (ControlHeader*)at;
            if (header->Length < (nuint)sizeof(ControlHeader) || header->Length > (nuint)(end - at))
                break;
            int* descriptors = (int*)(header + 1);
            int count = (int)(header->Length - (nuint)sizeof(ControlHeader)) / sizeof(int);
            if (header->Level == SocketLevel && header->Type == Rights)
            {
                for (int i = 0; i < count; i++)
                    taken.Add(new(descriptors[i], ownsHandle: true));
            }

            at += Align(header->Length);
        }

        return taken;
    }

    private static nuint Align(nuint length) => (length + (nuint)sizeof(nuint) - 1) & ~((nuint)sizeof(nuint) - 1);

    // False, so that the caller waits for the socket and asks again, or the failure.
    private static bool Retry()
    {
        int error = Marshal.GetLastPInvokeError();
        return error is TryAgain or Interrupted ? false : throw new SocketException(error, Marshal.GetPInvokeErrorMessage(error));
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, ref SocketMessage message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeSocketHandle socket, ref SocketMessage message, int flags);

    // struct cmsghdr
    private struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }
}
