using System.Globalization;
using Adit.OpenSsh;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>Lines of ssh_config, in effect for some host, that open every forward to other machines or have every server taken for the right one.</summary>
internal sealed class WeakSettings : ICheck
{
    private static readonly (string Keyword, string[] Values, string Consequence, string Users)[] Weak =
    [
        ("GatewayPorts", ["yes"], "the ports of all forwards are opened on every address", $"{Reach.ThisMachine}; other machines"),
        ("StrictHostKeyChecking", ["no", "off"], "a server with a wrong host key is not refused", "whoever is on the way to the server: they can take its place"),
    ];

    public ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        IReadOnlyList<ClientSetting> all = ReadAll(inspection);
        foreach ((string keyword, string[] values, string consequence, string users) in Weak)
        {
            ClientSetting[] settings = [.. all.Where(setting => setting.Is(keyword))];
            foreach (ClientSetting setting in settings)
            {
                if (setting.Line.Arguments is [var value, ..] && values.Contains(value, StringComparer.OrdinalIgnoreCase) && Where(setting, settings) is { } where)
                    found.Add(Judge(setting, where, consequence, users));
            }
        }

        return new(found);
    }

    /// <summary>All lines of the user's and the system's files.</summary>
    internal static IReadOnlyList<ClientSetting> ReadAll(Inspection inspection)
    {
        var reader = new ClientSettingReader(inspection.User);
        Read(Path.Join(inspection.SshFolder, "config"), inspection.SshFolder, checkOwner: true);
        Read(Path.Join(inspection.SystemDirectory, "ssh_config"), inspection.SystemDirectory, checkOwner: false);
        return reader.Settings;

        void Read(string path, string includeDirectory, bool checkOwner)
        {
            try
            {
                reader.ReadFile(path, includeDirectory, checkOwner);
            }
            catch (ConfigException e)
            {
                inspection.CannotSee(e.Message);
            }
        }
    }

    private static Finding Judge(ClientSetting setting, string where, string consequence, string users)
    {
        ConfigSource source = setting.Line.Source;
        return new(
            FindingKind.WeakSetting,
            Printable.Text($"{source}: {setting.Line.Keyword} {setting.Line.Arguments[0]}, in effect {where}: {consequence}"),
            users,
            string.Create(CultureInfo.InvariantCulture, $"sed -i '{source.Line}s/^/#/' {ShellWord.Quote(Printable.Text(source.File))}"))
        {
            Since = new DateTimeOffset(File.GetLastWriteTimeUtc(source.File)),
            Path = source.File,
        };
    }

    // The first line of a keyword that applies counts. One below a Match may apply or not: it keeps no later one from counting.
    private static string? Where(ClientSetting setting, ClientSetting[] sameKeyword)
    {
        string[] patterns = [.. setting.Samples()
            .Where(sample => sameKeyword.First(one => one == setting || (!one.IsConditional && one.AppliesTo(sample.Host))) == setting)
            .Select(static sample => sample.Pattern)];
        if (patterns.Length == 0)
            return null;
        return setting switch
        {
            { IsConditional: true } => $"where {setting.Scope} applies",
            { IsForAll: true } => "for every host",
            _ => $"for Host {string.Join(' ', patterns)}",
        };
    }
}
