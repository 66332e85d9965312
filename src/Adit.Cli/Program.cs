using Adit.Cli;

// "adit ssh ..." spells out what "adit ..." does, so that a host may bear the name of a subcommand.
return await SshCommand.RunAsync(args is ["ssh", .. var rest] ? rest : args);
