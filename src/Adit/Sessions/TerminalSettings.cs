using System.Runtime.InteropServices;

namespace Adit.Sessions;

/// <summary>The settings of a terminal of this machine, termios(3) as Linux lays it out; elsewhere only echo is known. Immutable.</summary>
internal sealed class TerminalSettings
{
    /// <summary>Bytes of a struct termios, and more than enough.</summary>
    public const int Size = 256;

    private const int InputFlags = 0;
    private const int OutputFlags = 4;
    private const int ControlFlags = 8;
    private const int LocalFlags = 12;
    private const int Characters = 17;
    private const int InputSpeed = 52;
    private const int OutputSpeed = 56;
    private const int MinimumOfRead = Characters + 6;
    private const int TimeOfRead = Characters + 5;

    // _POSIX_VDISABLE here, and what says the same in RFC 4254 section 8.
    private const byte Disabled = 0;
    private const uint DisabledCode = 255;

    private const byte InputSpeedCode = 128;
    private const byte OutputSpeedCode = 129;

    private const uint EchoFlag = 0x8;
    private const int LocalFlagsOfMacOS = 24;

    // IGNPAR; ISTRIP, INLCR, IGNCR, ICRNL, IUCLC, IXON, IXANY, IXOFF; ISIG, ICANON, ECHO, ECHOE, ECHOK, ECHONL, IEXTEN; OPOST.
    private const uint IgnoreParityErrors = 0x4;
    private const uint InputTranslations = 0x20 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800 | 0x1000;
    private const uint LineEditing = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x40 | 0x8000;
    private const uint OutputTranslation = 0x1;

    // Opcode of RFC 4254 section 8, and the index in c_cc: VINTR, VQUIT, VERASE, VKILL, VEOF, VEOL, VEOL2, VSTART, VSTOP, VSUSP, VREPRINT,
    // VWERASE, VLNEXT, VDISCARD.
    private static readonly (byte Code, int Index)[] CharacterCodes =
    [
        (1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 11), (7, 16), (8, 8), (9, 9), (10, 10), (12, 12), (13, 14), (14, 15), (18, 13),
    ];

    // Opcode, the flag word, and the bits of the flag, all of which are set when it is.
    private static readonly (byte Code, int Word, uint Mask)[] FlagCodes =
    [
        (30, InputFlags, 0x4), (31, InputFlags, 0x8), (32, InputFlags, 0x10), (33, InputFlags, 0x20), (34, InputFlags, 0x40), (35, InputFlags, 0x80),
        (36, InputFlags, 0x100), (37, InputFlags, 0x200), (38, InputFlags, 0x400), (39, InputFlags, 0x800), (40, InputFlags, 0x1000),
        (41, InputFlags, 0x2000), (42, InputFlags, 0x4000),
        (50, LocalFlags, 0x1), (51, LocalFlags, 0x2), (52, LocalFlags, 0x4), (53, LocalFlags, 0x8), (54, LocalFlags, 0x10), (55, LocalFlags, 0x20),
        (56, LocalFlags, 0x40), (57, LocalFlags, 0x80), (58, LocalFlags, 0x100), (59, LocalFlags, 0x8000), (60, LocalFlags, 0x200),
        (61, LocalFlags, 0x800), (62, LocalFlags, 0x4000),
        (70, OutputFlags, 0x1), (71, OutputFlags, 0x2), (72, OutputFlags, 0x4), (73, OutputFlags, 0x8), (74, OutputFlags, 0x10), (75, OutputFlags, 0x20),
        (90, ControlFlags, 0x20), (91, ControlFlags, 0x30), (92, ControlFlags, 0x100), (93, ControlFlags, 0x200),
    ];

    private readonly byte[] _termios;

    /// <param name="termios">A struct termios, <see cref="Size"/> bytes with what is behind it.</param>
    public TerminalSettings(ReadOnlySpan<byte> termios)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(termios.Length, Size);
        _termios = termios.ToArray();
    }

    /// <summary>The struct termios.</summary>
    public ReadOnlySpan<byte> Termios => _termios;

    /// <summary>With every byte passed on as it comes, both ways: the far terminal edits, echoes and interprets.</summary>
    public TerminalSettings Raw() => With(static termios =>
    {
        Change(termios, InputFlags, clear: InputTranslations, set: IgnoreParityErrors);
        Change(termios, LocalFlags, clear: LineEditing);
        Change(termios, OutputFlags, clear: OutputTranslation);
        termios[MinimumOfRead] = 1;
        termios[TimeOfRead] = 0;
    });

    /// <summary>With nothing shown of what is typed.</summary>
    public TerminalSettings WithoutEcho() => With(static termios => Change(termios, OperatingSystem.IsMacOS() ? LocalFlagsOfMacOS : LocalFlags, clear: EchoFlag));

    /// <summary>The modes for a <c>pty-req</c>, RFC 4254 section 8.</summary>
    public IReadOnlyList<KeyValuePair<byte, uint>> Modes() =>
    [
        new(OutputSpeedCode, Speed(OutputSpeed)),
        new(InputSpeedCode, Speed(InputSpeed)),
        .. CharacterCodes.Select(entry => KeyValuePair.Create(entry.Code, _termios[Characters + entry.Index] is Disabled ? DisabledCode : _termios[Characters + entry.Index])),
        .. FlagCodes.Select(entry => KeyValuePair.Create(entry.Code, (Word(entry.Word) & entry.Mask) == entry.Mask ? 1u : 0u)),
    ];

    private static void Change(Span<byte> termios, int word, uint clear, uint set = 0)
    {
        Span<byte> flags = termios[word..];
        MemoryMarshal.Write(flags, (MemoryMarshal.Read<uint>(flags) & ~clear) | set);
    }

    private uint Word(int offset) => MemoryMarshal.Read<uint>(_termios.AsSpan(offset));

    private TerminalSettings With(Action<byte[]> change)
    {
        byte[] termios = [.. _termios];
        change(termios);
        return new(termios);
    }

    // speed_t holds a code: B50 to B38400 are 1 to 15, those above 0x1001 and up. Newer C libraries hold the number itself.
    private uint Speed(int offset)
    {
        ReadOnlySpan<uint> low = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
        ReadOnlySpan<uint> high = [57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000];
        uint code = Word(offset);
        if (code < low.Length)
            return low[(int)code];
        return code is > 0x1000 and <= 0x100f ? high[(int)(code - 0x1001)] : code;
    }
}
