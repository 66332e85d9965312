using System.CommandLine;
using System.Runtime.Versioning;
using Adit.Cli.Certificates;
using Adit.Cli.Completion;
using Adit.Cli.Demo;
using Adit.Cli.Doctor;
using Adit.Cli.Tls;
using Adit.Cli.Tunnels;

namespace Adit.Cli;

/// <summary>A word behind <c>adit</c> that has it do something else than connecting to a host of that name.</summary>
/// <param name="Name">The word.</param>
/// <param name="RunAsync">Does it with the arguments behind the word, and gives the exit code.</param>
/// <param name="Complete">Completes a word: those in front of it, behind the name; what is typed of it; the names to choose from.</param>
internal sealed record Subcommand(string Name, Func<string[], Task<int>> RunAsync, Func<IReadOnlyList<string>, string, NearbyNames, Candidates> Complete)
{
    // It spells out what adit does without it, so that a host may bear the name of a subcommand; the parser takes the word.
    internal const string Ssh = "ssh";

    /// <summary>All that there are on this system.</summary>
    internal static IReadOnlyList<Subcommand> Table { get; } =
    [
        OfSsh(Ssh, static args => SshCommand.RunAsync([Ssh, .. args]), CommandForm.Ssh),
        OfSsh("run", static args => SshCommand.RunAsync(args, CommandForm.Run), CommandForm.Run),
        OfSsh("psql", static args => SshCommand.RunAsync(args, CommandForm.Psql), CommandForm.Psql),
        new("gateway", static args => GatewayCommand.RunAsync(args), static (before, typed, _) => GatewayCompletion.Complete(before, typed)),
        new("demo", static args => DemoCommand.RunAsync(args), static (before, typed, _) => before is [] ? Candidates.Of(typed, [DemoCommand.Keep, DemoCommand.Help]) : Candidates.None),
        OfTree("cert", static args => CertCommand.RunAsync(args), CertCommand.Root, static (_, argument, _) => argument == "FILE" ? Candidates.Files : Candidates.None),
        new("completion", static args => CompletionCommand.RunAsync(args), static (before, typed, _) => CompletionCommand.Complete(before, typed)),
        .. OperatingSystem.IsLinux() ? OfLinux() : [],
    ];

    /// <summary>The one of a name; null for none.</summary>
    internal static Subcommand? Find(string name) => Table.FirstOrDefault(command => command.Name.Equals(name, StringComparison.Ordinal));

    [SupportedOSPlatform("linux")]
    private static Subcommand[] OfLinux() =>
    [
        OfTls("tls", isStunnel: false),
        OfTls("stunnel", isStunnel: true),
        OfTunnels("ls"),
        OfTunnels("add"),
        OfTunnels("cancel"),
        OfTunnels("stop"),
        // Numbers of processes, and files.
        OfTree("doctor", static args => DoctorCommand.RunAsync(args), DoctorCommand.Root, static (_, _, _) => Candidates.Files),
    ];

    private static Subcommand OfSsh(string name, Func<string[], Task<int>> run, CommandForm form) =>
        new(name, run, (before, typed, names) => SshCompletion.Complete(form, before, typed, names));

    [SupportedOSPlatform("linux")]
    private static Subcommand OfTls(string name, bool isStunnel) =>
        new(name, args => TlsCommand.RunAsync(args, isStunnel), (before, typed, _) => TlsCompletion.Complete(before, typed, isStunnel));

    [SupportedOSPlatform("linux")]
    private static Subcommand OfTunnels(string name) =>
        OfTree(name, args => TunnelCommands.RunAsync([name, .. args]), TunnelCommands.Root, static (names, _, typed) => Candidates.Of(typed, names.Tunnels()));

    private static Subcommand OfTree(string name, Func<string[], Task<int>> run, Func<Command> root, Func<NearbyNames, string, string, Candidates> argument) =>
        new(name, run, (before, typed, names) => TreeCompletion.Complete(root(), [name, .. before], typed, (wanted, word) => argument(names, wanted, word)));
}
