namespace Adit.Stunnel;

/// <summary>The command line of stunnel 3, which many instructions still show.</summary>
/// <remarks>
/// A server unless <c>-c</c>; a daemon with <c>-d</c>, else the connection is standard input and output. A client that verifies nothing is
/// what those instructions show: it is served, and its <see cref="StunnelService.IsInsecure"/> says so.
/// </remarks>
internal static class StunnelCommandLine
{
    private const int MaxLength = 16 * 1024;
    private const int MaxArguments = 1024;
    private const string WithoutArgument = "cTWf";

    private static readonly Dictionary<char, string> Options = new()
    {
        ['c'] = "client", ['T'] = "transparent", ['W'] = "RNDoverwrite", ['f'] = "foreground", ['D'] = "debug", ['O'] = "socket", ['o'] = "output",
        ['C'] = "ciphers", ['p'] = "cert", ['v'] = "verify", ['a'] = "CApath", ['A'] = "CAfile", ['t'] = "session", ['N'] = "service",
        ['u'] = "ident", ['n'] = "protocol", ['E'] = "EGD", ['R'] = "RNDfile", ['B'] = "RNDbytes", ['I'] = "local", ['d'] = "accept",
        ['s'] = "setuid", ['g'] = "setgid", ['P'] = "pid", ['r'] = "connect", ['L'] = "exec", ['l'] = "exec",
    };

    /// <summary>The letters of the options, and the option of a file that each means.</summary>
    internal static IReadOnlyDictionary<char, string> Letters => Options;

    /// <summary>Whether an option is followed by an argument.</summary>
    internal static bool HasArgument(char letter) => !WithoutArgument.Contains(letter, StringComparison.Ordinal);

    /// <summary>Reads a command line.</summary>
    /// <param name="arguments">The arguments, without the name of the program.</param>
    /// <exception cref="StunnelException">It cannot be understood or served.</exception>
    internal static StunnelConfiguration Parse(IReadOnlyList<string> arguments)
    {
        ConfigPlace all = new("stunnel", 0);
        (List<(char Flag, OptionLine Line)> flags, List<string> operands) = Split(arguments);
        foreach (char once in "dr")
            Once(flags, [once]);
        Once(flags, ['l', 'L']);
        OptionLine? program = Find(flags, 'l') ?? Find(flags, 'L');
        if (Find(flags, 'r') is null && program is null)
            throw new StunnelException(all, "it leads nowhere; write -r HOST:PORT or -l PROGRAM");
        if (operands.Count > 0 && program is null)
            throw new StunnelException(all, $"\"{operands[0]}\" is no option; arguments are for the program of -l");
        string name = ServiceName(flags, program, operands);
        ConfigurationAssembly assembly = new(all, allowsInsecure: true);
        foreach ((char flag, OptionLine line) in flags.Where(given => given.Flag is not ('d' or 'P' or 'N')))
        {
            assembly.Take(line);
            if (flag == 'L')
                assembly.Take(new("pty", "yes", line.Place));
        }

        assembly.Take(new("service", name, all));
        if (Find(flags, 'P') is { } pid)
            assembly.Take(pid with { Value = PidFile(pid, name) });
        if (Find(flags, 'd') is { } accept)
        {
            assembly.Begin(name, all);
            assembly.Take(accept);
        }

        StunnelConfiguration configuration = assembly.Finish();
        if (program is null)
            return configuration;

        // The program's own name is the first of the arguments, if there are any.
        return configuration with { Services = [.. configuration.Services.Select(service => service with { ExecArgs = operands.Count > 0 ? [.. operands] : [name] })] };
    }

    private static (List<(char Flag, OptionLine Line)> Flags, List<string> Operands) Split(IReadOnlyList<string> arguments)
    {
        List<(char Flag, OptionLine Line)> flags = [];
        if (arguments.Count > MaxArguments || arguments.Any(argument => argument.Length > MaxLength))
            throw new StunnelException(new("stunnel", 0), $"more than {MaxArguments} arguments, or one longer than {MaxLength} characters");
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (argument is not ['-', _, ..])
                return (flags, [.. arguments.Skip(i)]);
            if (argument == "--")
                return (flags, [.. arguments.Skip(i + 1)]);
            for (int at = 1; at < argument.Length; at++)
            {
                char flag = argument[at];
                ConfigPlace place = new($"-{flag}", 0);
                if (!Options.TryGetValue(flag, out string? option))
                    throw new StunnelException(place, "there is no such option of stunnel 3");
                if (!HasArgument(flag))
                {
                    flags.Add((flag, new(option, flag == 'W' ? "no" : "yes", place)));
                    continue;
                }

                string value = argument[(at + 1)..];
                if (value.Length == 0)
                    value = ++i < arguments.Count ? arguments[i] : throw new StunnelException(place, "there is no argument behind it");
                flags.Add((flag, new(option, value.Trim(), place)));
                break;
            }
        }

        return (flags, []);
    }

    private static OptionLine? Find(List<(char Flag, OptionLine Line)> flags, char flag) => flags.FindLast(given => given.Flag == flag).Line;

    private static void Once(List<(char Flag, OptionLine Line)> flags, char[] any)
    {
        OptionLine[] given = [.. flags.Where(flag => any.Contains(flag.Flag)).Select(flag => flag.Line)];
        if (given.Length > 1)
            throw new StunnelException(given[1].Place, $"there can be only one -{string.Join(" or -", any)}");
    }

    // What stunnel 3 called itself: -N, else the program's own name, else its file, else the target with dots for all but letters and digits.
    private static string ServiceName(List<(char Flag, OptionLine Line)> flags, OptionLine? program, List<string> operands)
    {
        if (Find(flags, 'N') is { } chosen)
            return Safe(chosen.Value);
        if (operands.Count > 0)
            return operands[0];
        return program is not null ? Path.GetFileName(program.Value) : Safe(Find(flags, 'r')!.Value);
    }

    private static string Safe(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '.'));

    private static string PidFile(OptionLine line, string name)
    {
        if (line.Value == "none")
            return "";
        if (!line.Value.Contains('/', StringComparison.Ordinal))
            throw line.Wrong("write a folder with a / at its end, a file with its full path, or none");
        return line.Value.EndsWith('/') || Directory.Exists(line.Value)
            ? Path.Join(line.Value, $"stunnel.{name.Replace('/', '.')}.pid")
            : line.Value;
    }
}
