using System.Globalization;

namespace Adit.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions
{
    private const int Most = 100_000;

    /// <summary>The benchmark's name.</summary>
    public required string Benchmark { get; init; }

    /// <summary>The folder of the checkout.</summary>
    public required string Root { get; init; }

    /// <summary>Where the results go as JSON lines; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <summary>Connections to the gateway.</summary>
    public int Connections { get; init; } = 1000;

    /// <summary>Channels on each connection.</summary>
    public int Channels { get; init; } = 10;

    /// <summary>Connections to sshd.</summary>
    public int SshdConnections { get; init; } = 200;

    /// <summary>Attackers at a time.</summary>
    public int Attackers { get; init; } = 200;

    /// <summary>How long they attack, in seconds.</summary>
    public int Seconds { get; init; } = 30;

    /// <summary>TLS handshakes that are left half open at a time.</summary>
    public int Handshakes { get; init; } = 10_000;

    /// <summary>Whether a rough answer will do.</summary>
    public bool IsQuick { get; init; }

    /// <summary>Where the results page goes; null for bench/results.</summary>
    public string? Folder { get; init; }

    /// <summary>Only attacks or measures whose name contains this.</summary>
    public string Only { get; init; } = string.Empty;

    /// <summary>Sockets that are open meanwhile.</summary>
    public int Sockets { get; init; } = 5000;

    /// <summary>Connections for each rule of admission.</summary>
    public int Accepts { get; init; } = 1000;

    /// <summary>Owners that are killed.</summary>
    public int Rounds { get; init; } = 200;

    /// <summary>Decides what is random.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>For a process that the benchmark starts: port, key file, and what else it takes.</summary>
    public IReadOnlyList<string> Victim { get; init; } = [];

    /// <summary>For a relay: the ports that it leads to.</summary>
    public IReadOnlyList<int> Targets { get; init; } = [];

    /// <exception cref="FormatException">An option is unknown, or its value is missing or out of range.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> args)
    {
        var options = new BenchOptions { Benchmark = "speed", Root = Directory.GetCurrentDirectory() };
        for (int i = 0; i < args.Count; i++)
        {
            string Value() => i + 1 < args.Count ? args[++i] : throw new FormatException($"{args[i]} needs a value");
            int Number(int least) => int.TryParse(Value(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= Most
                ? number
                : throw new FormatException($"{args[i - 1]} takes a number from {least} to {Most}, not \"{args[i]}\"");
            options = args[i] switch
            {
                "--root" => options with { Root = Value() },
                "--json" => options with { JsonFile = Value() },
                "--connections" => options with { Connections = Number(1) },
                "--channels" => options with { Channels = Number(1) },
                "--sshd-connections" => options with { SshdConnections = Number(0) },
                "--attackers" => options with { Attackers = Number(1) },
                "--handshakes" => options with { Handshakes = Number(1) },
                "--seconds" => options with { Seconds = Number(1) },
                "--quick" => options with { IsQuick = true },
                "--out" => options with { Folder = Value() },
                "--only" => options with { Only = Value() },
                "--accepts" => options with { Accepts = Number(1) },
                "--sockets" => options with { Sockets = Number(0) },
                "--rounds" => options with { Rounds = Number(1) },
                "--seed" => options with { Seed = Number(0) },
                "--victim" => options with { Victim = Value().Split(',') },
                "--targets" => options with { Targets = [.. Value().Split(',').Select(static port => int.Parse(port, NumberStyles.None, CultureInfo.InvariantCulture))] },
                ['-', ..] and not "--help" => throw new FormatException($"{args[i]} is unknown; see bench/run --help"),
                var benchmark => options with { Benchmark = benchmark },
            };
        }

        return options;
    }
}
