using Adit.OpenSsh;

namespace Adit.Cli;

/// <summary>What is special about the command line of <c>adit run</c> and <c>adit psql</c>.</summary>
internal static class LocalCommandForm
{
    private const string DefaultForward = "0:localhost:5432";
    private const string Psql = "psql";

    // What would let others in, or leave the tunnel without the command, whatever files say.
    private static readonly (string Keyword, string Value)[] Fixed =
    [
        ("SessionType", "none"),
        ("RequestTTY", "no"),
        ("ForkAfterAuthentication", "no"),
        ("ControlMaster", "no"),
        ("ControlPath", "none"),
        ("ClearAllForwardings", "no"),
        ("ExitOnForwardFailure", "yes"),
    ];

    /// <summary>The command as people type it.</summary>
    internal static string Name(CommandForm form) => form switch
    {
        CommandForm.Run => "adit run",
        CommandForm.Psql => "adit psql",
        _ => "adit",
    };

    /// <summary>A whole command line, for who wrote none.</summary>
    internal static string Example(CommandForm form) => form switch
    {
        CommandForm.Run => "adit run user@host -- psql, or see adit run --help",
        CommandForm.Psql => "adit psql user@host -d shop, or see adit run --help",
        _ => "adit -NL 5432:localhost:5432 user@host, or see adit --help",
    };

    /// <summary>Why an option makes no sense with a command here; null where it does.</summary>
    internal static string? Refusal(char letter) => letter switch
    {
        'f' => "the tunnel ends with its command; write & behind it",
        'M' or 'O' or 'S' => "the tunnel is the command's alone",
        's' or 't' => "there is no session on the server",
        'W' => "input and output are the command's; name the target with -L host:port",
        _ => null,
    };

    /// <summary>Whether an option makes no sense with a command here, since that alone is admitted.</summary>
    internal static bool IsRefused(LongOption option) => option.Keyword is "AditAdmit";

    /// <summary>The argument of -L, where a target alone is enough: then a free port listens.</summary>
    internal static string WithListener(string argument)
    {
        string free = "0:" + argument;
        return !IsForward(argument) && IsForward(free) ? free : argument;
    }

    /// <summary>Adds what holds for a command here, and looks whether there is one.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    internal static void Complete(CommandForm form, CommandLineRequest request, List<ConfigLine> options, List<string> command)
    {
        foreach ((string keyword, string value) in Fixed)
        {
            options.RemoveAll(line => line.Keyword.Equals(keyword, StringComparison.OrdinalIgnoreCase));
            options.Add(ConfigLine.Option(Name(form), keyword, value));
        }

        if (!options.Exists(static line => line.Keyword.Equals("LocalForward", StringComparison.OrdinalIgnoreCase)))
            options.Add(ConfigLine.Option(Name(form), "LocalForward", DefaultForward));
        if (form is CommandForm.Psql)
            command.Insert(0, Psql);
        else if (command.Count == 0 && request is not CommandLineRequest.Config)
            throw new UsageException($"the command is missing; write {Example(form)}");
    }

    private static bool IsForward(string text)
    {
        try
        {
            _ = ForwardSpec.ParseLocal(text);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
