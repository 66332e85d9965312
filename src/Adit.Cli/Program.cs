using Adit.Cli;
using Adit.Cli.Demo;

// "adit ssh ..." spells out what "adit ..." does, so that a host may bear the name of a subcommand.
return args switch
{
    ["gateway", .. var rest] => await GatewayCommand.RunAsync(rest),
    ["demo", .. var rest] => await DemoCommand.RunAsync(rest),
    ["ssh", .. var rest] => await SshCommand.RunAsync(rest),
    _ => await SshCommand.RunAsync(args),
};
