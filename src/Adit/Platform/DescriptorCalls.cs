using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>Waiting for descriptors, reading and writing them: poll(2), read(2), write(2).</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class DescriptorCalls
{
    public const short Readable = 1;
    public const short Writable = 4;

    public const int Interrupted = 4;
    public const int InputOutputError = 5;
    public const int BrokenPipe = 32;

    private static int TryAgain => OperatingSystem.IsMacOS() ? 35 : 11;

    /// <summary>Whether a call that failed with this is to be made again.</summary>
    public static bool IsTransient(int error) => error == Interrupted || error == TryAgain;

    /// <summary>Whether it is a terminal that has not hung up.</summary>
    public static bool IsTerminal(SafeHandle descriptor) => IsTerminalDevice(descriptor) == 1;

    /// <summary>Waits until one of them is ready, or has failed.</summary>
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(Span<Polled> descriptors, nuint count, int milliseconds);

    /// <summary>Reads what is there.</summary>
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeHandle descriptor, Span<byte> buffer, nuint length);

    /// <summary>Writes what is taken.</summary>
    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeHandle descriptor, ReadOnlySpan<byte> data, nuint length);

    [LibraryImport("libc", EntryPoint = "isatty", SetLastError = true)]
    private static partial int IsTerminalDevice(SafeHandle descriptor);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Polled
    {
        /// <summary>The descriptor.</summary>
        public int Descriptor;

        /// <summary>What is waited for.</summary>
        public short Events;

        /// <summary>What has come.</summary>
        public short Returned;
    }
}
