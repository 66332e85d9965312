using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Adit.Platform;

/// <summary>A folder of /proc whose entries have numbers for names: /proc itself, and the descriptors of a process.</summary>
internal ref struct ProcFolder : IDisposable
{
    private const int LengthOffset = 16;
    private const int NameOffset = 19;
    private const int MaxPath = 64;

    private readonly Span<byte> _entries;
    private int _descriptor;
    private int _filled;
    private int _at;
    private int _name;

    private ProcFolder(int descriptor, Span<byte> entries)
    {
        _descriptor = descriptor;
        _entries = entries;
    }

    /// <summary>The number that is the name of the present entry.</summary>
    internal int Number { get; private set; }

    /// <summary>The processes; the memory is what is read into.</summary>
    internal static ProcFolder Processes(Span<byte> memory) => new(ProcessCalls.OpenFolder("/proc\0"u8), memory);

    /// <summary>The descriptors of a process. Has no entries where there is no such process or it may not be looked at.</summary>
    internal static ProcFolder Descriptors(int pid, Span<byte> memory)
    {
        Span<byte> path = stackalloc byte[MaxPath];
        return new(ProcessCalls.OpenFolder(Path(path, pid, "/fd\0"u8)), memory);
    }

    /// <summary>The path of something that belongs to a process, written into memory.</summary>
    internal static ReadOnlySpan<byte> Path(Span<byte> memory, int pid, ReadOnlySpan<byte> what)
    {
        "/proc/"u8.CopyTo(memory);
        _ = pid.TryFormat(memory[6..], out int written);
        what.CopyTo(memory[(6 + written)..]);
        return memory[..(6 + written + what.Length)];
    }

    /// <summary>Goes to the next entry; false at the end.</summary>
    internal bool Next()
    {
        if (_descriptor < 0)
            return false;
        while (true)
        {
            if (_at >= _filled)
            {
                _filled = ProcessCalls.ReadFolder(_descriptor, _entries);
                _at = 0;
                if (_filled <= 0)
                    return false;
            }
            Span<byte> entry = _entries[_at.._filled];
            _name = _at + NameOffset;
            _at += MemoryMarshal.Read<ushort>(entry[LengthOffset..]);
            if (TryReadNumber(entry[NameOffset..], out int number))
            {
                Number = number;
                return true;
            }
        }
    }

    /// <summary>Reads where the present entry, a link, leads; the part of the memory that was written, empty where it is gone.</summary>
    internal readonly ReadOnlySpan<byte> Target(Span<byte> memory)
    {
        nint length = ProcessCalls.ReadLink(_descriptor, ref Unsafe.Add(ref MemoryMarshal.GetReference(_entries), _name), memory, (nuint)memory.Length);
        return length > 0 ? memory[..(int)length] : default;
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
            _ = ProcessCalls.Close(_descriptor);
        _descriptor = -1;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> name, out int number)
    {
        number = 0;
        for (int i = 0; i < name.Length && name[i] != 0; i++)
        {
            if (!char.IsAsciiDigit((char)name[i]))
                return false;
            number = (number * 10) + (name[i] - '0');
        }
        return true;
    }
}
