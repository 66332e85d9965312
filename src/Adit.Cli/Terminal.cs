using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Adit.Platform;
using Adit.Sessions;

namespace Adit.Cli;

/// <summary>The terminal of this process, whatever standard input is. It takes one question at a time.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class Terminal : IDisposable
{
    private const string Device = "/dev/tty";
    private const int MaxLine = 4096;

    private readonly FileStream _stream;
    private readonly DescriptorWaiter _waiter = new();
    private readonly DescriptorStream _input;

    private Terminal(FileStream stream)
    {
        _stream = stream;
        _input = DescriptorStream.Reader(stream.SafeFileHandle, _waiter, leaveOpen: true);
    }

    /// <summary>The terminal, or null when this process has none.</summary>
    public static Terminal? TryOpen()
    {
        if (!File.Exists(Device))
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
    public async Task<byte[]?> AskAsync(string question, bool echo, CancellationToken cancellationToken)
    {
        // Before the question: who answers it at once is not to be shown, nor thrown away with what was typed ahead.
        TerminalMode? mode = echo
            ? null
            : TerminalMode.Enter(_stream.SafeFileHandle, TerminalDevice.When.Flushed, static settings => settings.WithoutEcho());
        try
        {
            _stream.Write(Encoding.UTF8.GetBytes(question));
            return await ReadLineAsync(cancellationToken);
        }
        finally
        {
            mode?.Dispose();
            if (!echo)
                _stream.Write("\n"u8);
        }
    }

    public void Dispose()
    {
        _input.Dispose();
        _waiter.Dispose();
        _stream.Dispose();
    }

    private async Task<byte[]?> ReadLineAsync(CancellationToken cancellationToken)
    {
        byte[] line = new byte[MaxLine];
        byte[] next = new byte[1];
        try
        {
            int length = 0;
            while (true)
            {
                if (await _input.ReadAsync(next, cancellationToken) == 0)
                    return length == 0 ? null : line[..length];
                if (next[0] is (byte)'\n' or (byte)'\r')
                    return line[..length];
                if (length < line.Length)
                    line[length++] = next[0];
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
            CryptographicOperations.ZeroMemory(next);
        }
    }
}
