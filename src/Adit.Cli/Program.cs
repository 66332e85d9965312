using Adit.Cli;
using Adit.Cli.Certificates;
using Adit.Cli.Commands;
using Adit.Cli.Demo;
using Adit.Cli.Doctor;
using Adit.Cli.Tls;
using Adit.Cli.Tunnels;

RuntimeDiagnostics.Forget();
if (OperatingSystem.IsLinux() && MortalProgram.IsThis)
    return MortalProgram.Become(args);

// "adit ssh ..." spells out what "adit ..." does (the parser takes the word), so that a host may bear the name of a subcommand.
return args switch
{
    ["gateway", .. var rest] => await GatewayCommand.RunAsync(rest),
    ["run", .. var rest] => await SshCommand.RunAsync(rest, CommandForm.Run),
    ["psql", .. var rest] => await SshCommand.RunAsync(rest, CommandForm.Psql),
    ["demo", .. var rest] => await DemoCommand.RunAsync(rest),
    ["cert", .. var rest] => await CertCommand.RunAsync(rest),
    ["tls", .. var rest] when OperatingSystem.IsLinux() => await TlsCommand.RunAsync(rest, isStunnel: false),
    ["stunnel", .. var rest] when OperatingSystem.IsLinux() => await TlsCommand.RunAsync(rest, isStunnel: true),
    ["ls" or "add" or "cancel" or "stop", ..] when OperatingSystem.IsLinux() => await TunnelCommands.RunAsync(args),
    ["doctor", .. var rest] when OperatingSystem.IsLinux() => await DoctorCommand.RunAsync(rest),
    _ => await SshCommand.RunAsync(args),
};
