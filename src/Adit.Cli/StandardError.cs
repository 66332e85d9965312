using System.Text;

namespace Adit.Cli;

/// <summary>
/// Standard error as it is, each line at once. <see cref="Console.Error"/> prepares the terminal first, which changes what its keys send to a
/// session. Safe to call from several threads.
/// </summary>
internal sealed class StandardError : TextWriter
{
    private volatile TextWriter _writer = Synchronized(
        new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });

    private StandardError()
    {
    }

    /// <summary>The one of this process, which ends it.</summary>
    public static StandardError Writer { get; } = new();

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Says nothing from here on: the terminal is left to others. Its descriptor alone would not do, of which .NET has a copy.</summary>
    public void Silence() => _writer = Null;

    public override void Write(char value) => _writer.Write(value);

    public override void Write(string? value) => _writer.Write(value);

    public override void WriteLine(string? value) => _writer.WriteLine(value);

    public override Task WriteLineAsync(string? value) => _writer.WriteLineAsync(value);
}
