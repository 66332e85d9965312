using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Adit.Cli;

/// <summary>The terminal of this process, whatever standard input is: termios(3). Disposing it restores its settings.</summary>
internal sealed partial class Terminal : IDisposable
{
    private const string Device = "/dev/tty";
    private const int MaxLine = 4096;

    // struct termios begins with four flag words; the third after c_iflag, c_oflag and c_cflag is c_lflag.
    private const int SettingsSize = 256;
    private const int FlushThenSet = 2;
    private const uint Echo = 8;

    private readonly FileStream _stream;
    private readonly byte[] _settings = new byte[SettingsSize];
    private readonly bool _isTerminal;

    private Terminal(FileStream stream)
    {
        _stream = stream;
        _isTerminal = GetSettings(stream.SafeFileHandle, _settings) == 0;
    }

    private static int LocalFlagsOffset => OperatingSystem.IsMacOS() ? 24 : 12;

    /// <summary>The terminal, or null when this process has none.</summary>
    public static Terminal? TryOpen()
    {
        if (OperatingSystem.IsWindows() || !File.Exists(Device))
            return null;
        try
        {
            return new(new FileStream(Device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the question and reads a line. Null at the end of input.</summary>
    public byte[]? Ask(string question, bool echo)
    {
        // Before the question: who answers it at once is not to be shown, nor thrown away with what was typed ahead.
        if (!echo)
            SetEcho(false);
        try
        {
            _stream.Write(Encoding.UTF8.GetBytes(question));
            return ReadLine();
        }
        finally
        {
            if (!echo)
            {
                SetEcho(true);
                _stream.Write("\n"u8);
            }
        }
    }

    public void Dispose()
    {
        if (_isTerminal)
            SetSettings(_stream.SafeFileHandle, FlushThenSet, _settings);
        _stream.Dispose();
    }

    private byte[]? ReadLine()
    {
        byte[] line = new byte[MaxLine];
        try
        {
            int length = 0;
            while (true)
            {
                int value = _stream.ReadByte();
                if (value < 0)
                    return length == 0 ? null : line[..length];
                if (value is '\n' or '\r')
                    return line[..length];
                if (length < line.Length)
                    line[length++] = (byte)value;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
    }

    private void SetEcho(bool on)
    {
        if (!_isTerminal)
            return;
        byte[] settings = [.. _settings];
        if (!on)
        {
            Span<byte> flags = settings.AsSpan(LocalFlagsOffset);
            MemoryMarshal.Write(flags, MemoryMarshal.Read<uint>(flags) & ~Echo);
        }

        SetSettings(_stream.SafeFileHandle, FlushThenSet, settings);
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetSettings(SafeFileHandle terminal, [Out] byte[] settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetSettings(SafeFileHandle terminal, int action, byte[] settings);
}
