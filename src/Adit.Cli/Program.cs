using Adit.Cli;
using Adit.Cli.Commands;

RuntimeDiagnostics.Forget();
if (OperatingSystem.IsLinux() && MortalProgram.IsThis)
    return MortalProgram.Become(args);

return args is [var word, .. var rest] && Subcommand.Find(word) is { } command
    ? await command.RunAsync(rest)
    : await SshCommand.RunAsync(args);
