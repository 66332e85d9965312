using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Adit.Tests.Mux;

/// <summary>Sends what no honest peer would: a byte with any number of descriptors, sendmsg(2).</summary>
internal static unsafe partial class RawDescriptors
{
    public static void Send(Socket socket, byte text, params int[] descriptors)
    {
        nuint* control = stackalloc nuint[16];
        control[0] = (nuint)(16 + (4 * descriptors.Length)); // cmsg_len
        ((int*)control)[2] = 1; // SOL_SOCKET
        ((int*)control)[3] = 1; // SCM_RIGHTS
        for (int i = 0; i < descriptors.Length; i++)
            ((int*)control)[4 + i] = descriptors[i];
        nint* vector = stackalloc nint[2] { (nint)(&text), 1 };
        nint* message = stackalloc nint[7];
        new Span<nint>(message, 7).Clear();
        message[2] = (nint)vector;
        message[3] = 1;
        message[4] = descriptors.Length == 0 ? 0 : (nint)control;
        message[5] = descriptors.Length == 0 ? 0 : (nint)((control[0] + 7) & ~(nuint)7);
        Assert.Equal(1, SendMessage(socket.SafeHandle, message, 0));
    }

    public static bool IsClosedOnExec(SafeHandle descriptor) => (Control(descriptor, 1, 0) & 1) != 0; // F_GETFD, FD_CLOEXEC

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, nint* message, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeHandle descriptor, int command, int argument);
}
