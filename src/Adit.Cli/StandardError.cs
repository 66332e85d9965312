using System.Text;

namespace Adit.Cli;

/// <summary>Standard error as it is. <see cref="Console.Error"/> prepares the terminal first, which changes what its keys send to a session.</summary>
internal static class StandardError
{
    /// <summary>Writes at once. Of the process, which ends it.</summary>
    public static TextWriter Writer { get; } = TextWriter.Synchronized(
        new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });
}
