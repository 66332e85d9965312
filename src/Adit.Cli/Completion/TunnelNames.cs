using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Adit.Client;
using Adit.OpenSsh;

namespace Adit.Cli.Completion;

/// <summary>The tunnels of this user, as their folder and the kernel show them. They themselves are not asked, so that none can keep a person waiting.</summary>
[SupportedOSPlatform("linux")]
internal static class TunnelNames
{
    private const int MaxCommandLine = 64 * 1024;

    /// <summary>The number of each, and its destination where its command line says it.</summary>
    internal static IEnumerable<string> Find()
    {
        foreach (int pid in TunnelFolder.Owners())
        {
            string number = pid.ToString(CultureInfo.InvariantCulture);
            if (CommandLine($"/proc/{number}/cmdline") is not [var program, .. var args] || Path.GetFileName(program) != "adit")
                continue;
            yield return number;
            if (Destination(args) is { } destination)
                yield return destination;
        }
    }

    /// <summary>The destination that a command line of adit names; null where it names none that is a mere word.</summary>
    internal static string? Destination(string[] args)
    {
        try
        {
            SshCommandLine? line = args switch
            {
                ["run", .. var rest] => SshCommandLine.Parse(rest, CommandForm.Run),
                ["psql", .. var rest] => SshCommandLine.Parse(rest, CommandForm.Psql),
                [not Subcommand.Ssh and var word, ..] when Subcommand.Find(word) is not null => null,
                _ => SshCommandLine.Parse(args),
            };
            return line is not null && DestinationName.IsHost(line.Destination) ? line.Destination : null;
        }
        catch (Exception e) when (e is UsageException or ConfigException)
        {
            return null;
        }
    }

    private static string[]? CommandLine(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] content = new byte[MaxCommandLine];
            int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return length is > 0 and < MaxCommandLine ? Encoding.UTF8.GetString(content, 0, length).TrimEnd('\0').Split('\0') : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
