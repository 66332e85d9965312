using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Adit.Sessions;

/// <summary>What a terminal is asked and told by its descriptor: termios(3), tty_ioctl(4).</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class TerminalDevice
{
    /// <summary>When settings count.</summary>
    public enum When
    {
        /// <summary>Once all that was written has been shown: TCSADRAIN.</summary>
        Drained = 1,

        /// <summary>As <see cref="Drained"/>, and what was typed and not read is thrown away: TCSAFLUSH.</summary>
        Flushed = 2,
    }

    // TIOCGWINSZ
    private static nuint GetWindowSize => OperatingSystem.IsMacOS() ? 0x40087468u : 0x5413u;

    /// <summary>Its settings; null where it is no terminal.</summary>
    public static TerminalSettings? Settings(SafeHandle terminal)
    {
        byte[] termios = new byte[TerminalSettings.Size];
        return GetAttributes(terminal, termios) == 0 ? new(termios) : null;
    }

    /// <summary>Changes its settings. False where that fails, as on a terminal that is gone.</summary>
    public static bool Apply(SafeHandle terminal, When when, TerminalSettings settings) => SetAttributes(terminal, (int)when, settings.Termios) == 0;

    /// <summary>Its size; all zero where it has none.</summary>
    public static TerminalSize Size(SafeHandle terminal)
    {
        Span<ushort> size = stackalloc ushort[4];
        return Control(terminal, GetWindowSize, size) == 0 ? new(size[1], size[0], size[2], size[3]) : default;
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(SafeHandle terminal, [Out] byte[] termios);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(SafeHandle terminal, int when, ReadOnlySpan<byte> termios);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeHandle terminal, nuint request, Span<ushort> size);
}
