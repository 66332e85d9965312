using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Adit.Cli.Tests;

/// <summary>The arrows of docs/ARCHITECTURE.md: who may know whom, read from the sources.</summary>
public partial class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Engine = new(StringComparer.Ordinal)
    {
        ["Wire"] = [],
        ["Crypto"] = [],
        ["Messages"] = ["Wire"],
        ["Keys"] = ["Wire", "Crypto"],
        ["Transport"] = ["Messages", "Wire", "Crypto"],
        ["Kex"] = ["Transport", "Messages", "Wire", "Keys", "Crypto"],
        ["Auth"] = ["Kex", "Transport", "Messages", "Wire", "Keys"],
        ["Connection"] = ["Auth", "Kex", "Transport", "Messages", "Wire", "Keys"],
    };

    private static readonly Dictionary<string, string[]> Tunnels = new(StringComparer.Ordinal)
    {
        ["Wording"] = [],
        ["Platform"] = ["Wording"],
        ["Relay"] = ["Platform", "Wording"],
        ["StartTls"] = ["Relay", "Platform", "Wording"],
        ["Proxies"] = ["Socks", "Relay", "Platform", "Wording"],
        ["Certificates"] = ["Relay", "Platform", "Wording"],
        ["Tls"] = ["Certificates", "StartTls", "Relay", "Platform", "Wording"],
        ["Postgres"] = ["Tls", "StartTls", "Relay", "Platform", "Wording"],
        ["Probe"] = ["Postgres", "StartTls", "Relay", "Platform", "Wording"],
        ["SshLegs"] = ["Relay", "Platform", "Wording", "Ssh"],
        ["Socks"] = ["Relay", "Platform", "Wording"],
        ["Stunnel"] = ["Relay", "Platform", "Wording"],
        ["OpenSsh"] = ["Relay", "Platform", "Wording", "Ssh"],
        ["Library"] = ["Client", "OpenSsh", "SshLegs", "Relay", "Platform", "Wording", "Ssh"],
        ["TlsTunnels"] = ["Stunnel", "Postgres", "Tls", "StartTls", "Proxies", "Socks", "Relay", "Platform", "Wording"],
        ["Client"] = ["Postgres", "Tls", "Proxies", "Mux", "Sessions", "Probe", "OpenSsh", "SshLegs", "Socks", "Relay", "Platform", "Wording", "Ssh"],
        ["Sessions"] = ["Relay", "Platform", "Wording", "Ssh", "OpenSsh"],
        ["Mux"] = ["OpenSsh", "SshLegs", "Relay", "Platform", "Wording", "Ssh"],
    };

    private static readonly Dictionary<string, string[]> FarEnd = new(StringComparer.Ordinal)
    {
        ["Configuration"] = [],
        ["Audit"] = [],
        ["Policy"] = ["Configuration"],
        ["Limits"] = ["Configuration"],
        ["Access"] = ["Configuration", "Audit"],
        ["Serving"] = ["Access", "Limits", "Policy", "Audit", "Configuration"],
    };

    private static readonly Dictionary<string, string[]> Command = new(StringComparer.Ordinal)
    {
        ["Certificates"] = [],
        ["Commands"] = [],
        ["Completion"] = ["Tls"],
        ["Demo"] = [],
        ["Doctor"] = ["Tunnels"],
        ["Sessions"] = [],
        ["Tls"] = [],
        ["Tunnels"] = [],
    };

    private static readonly Dictionary<string, string[]> Projects = new(StringComparer.Ordinal)
    {
        ["Adit.Ssh"] = [],
        ["Adit"] = ["Adit.Ssh"],
        ["Adit.Npgsql"] = ["Adit"],
        ["Adit.Extensions.Hosting"] = ["Adit"],
        ["Adit.Gateway"] = ["Adit"],
        ["Adit.Cli"] = ["Adit.Gateway"],
    };

    [Fact]
    public void In_the_engine_no_folder_knows_one_above_it() => Check("Adit.Ssh", "Adit.Ssh", Engine);

    [Fact]
    public void The_relay_knows_no_SSH_and_the_tunnels_parts_know_only_what_is_below_them() => Check("Adit", "Adit", Tunnels);

    [Fact]
    public void In_the_gateway_only_what_serves_knows_all_of_it() => Check("Adit.Gateway", "Adit.Gateway", FarEnd);

    [Fact]
    public void In_the_command_its_subcommands_do_not_know_each_other() => Check("Adit.Cli", "Adit.Cli", Command);

    [Fact]
    public void Projects_refer_only_downwards()
    {
        string[] found = [.. Directory.GetDirectories(Source()).Select(Path.GetFileName)!];
        Assert.Equal(Projects.Keys.Order(), found.Order());
        foreach ((string project, string[] allowed) in Projects)
        {
            string file = File.ReadAllText(Path.Combine(Source(), project, project + ".csproj"));
            Assert.Equal(allowed, Reference().Matches(file).Select(match => match.Groups["name"].Value));
        }
    }

    private static void Check(string project, string root, Dictionary<string, string[]> allowed)
    {
        string folder = Path.Combine(Source(), project);
        string[] parts = [.. Directory.GetDirectories(folder).Select(path => Path.GetFileName(path)!).Where(name => name is not ("bin" or "obj"))];
        Assert.Equal(allowed.Keys.Order(), parts.Order());
        List<string> wrong = [];
        foreach (string part in parts)
        {
            foreach (string file in Directory.GetFiles(Path.Combine(folder, part), "*.cs", SearchOption.AllDirectories))
            {
                foreach (Match use in Use().Matches(File.ReadAllText(file)))
                {
                    string[] names = use.Groups["name"].Value.Split('.');
                    string target = names.Length > root.Split('.').Length && use.Groups["name"].Value.StartsWith(root + ".", StringComparison.Ordinal)
                        ? names[root.Split('.').Length]
                        : string.Empty;
                    if (target.Length > 0 && target != part && !allowed[part].Contains(target))
                        wrong.Add($"{part}/{Path.GetFileName(file)} uses {use.Groups["name"].Value}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    private static string Source([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", "src"));

    [GeneratedRegex(@"^using (?<name>Adit[\w.]*);", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Use();

    [GeneratedRegex(@"<ProjectReference Include=""\.\./[\w.]+/(?<name>[\w.]+)\.csproj""", RegexOptions.NonBacktracking)]
    private static partial Regex Reference();
}
