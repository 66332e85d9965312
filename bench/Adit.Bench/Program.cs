using Adit.Bench;
using Adit.Bench.Connections;

const string Usage = """
    usage: bench/run BENCHMARK [OPTION...]

      connections    memory for each idle connection and channel, beside sshd's
        --connections N         connections to the gateway (default 1000)
        --channels M            channels on each of them (default 10)
        --sshd-connections N    connections to sshd, which starts processes for each (default 200; 0 leaves sshd out)

      --json FILE    also appends the results to FILE, one JSON object a line
    """;

try
{
    BenchOptions options = BenchOptions.Parse(args);
    using var results = new Results(options.JsonFile);
    switch (options.Benchmark)
    {
        case "connections":
            await ConnectionsBenchmark.RunAsync(options, results);
            return 0;
        default:
            await Console.Error.WriteLineAsync(Usage);
            return options.Benchmark is "--help" ? 0 : 2;
    }
}
catch (Exception e) when (e is BenchException or FormatException)
{
    await Console.Error.WriteLineAsync($"bench: {e.Message}");
    return 1;
}
