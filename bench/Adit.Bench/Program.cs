using Adit.Bench;
using Adit.Bench.Admitting;
using Adit.Bench.Connections;
using Adit.Bench.Endings;
using Adit.Bench.Flood;
using Adit.Bench.Speed;
using Adit.Bench.Tls;

const string Usage = """
    usage: bench/run [BENCHMARK] [OPTION...]

      speed          Adit beside OpenSSH, dropbear and a plain relay: throughput, queries, latency, memory; what is run when nothing is named
        --quick                 rough numbers in under two minutes
        --only TEXT             only the parts whose name contains this: bulk, far, database, narrow, start, memory, growth, crowd
        --out FOLDER            where the page goes (default bench/results)

      tls            adit tls beside stunnel, with the same files: throughput, queries, new connections, memory
        --quick                 rough numbers in under two minutes
        --only TEXT             only the parts whose name contains this: bulk, database, handshake, memory
        --out FOLDER            where the page goes (default bench/results)

      connections    memory for each idle connection and channel, beside sshd's
        --connections N         connections to the gateway (default 1000)
        --channels M            channels on each of them (default 10)
        --sshd-connections N    connections to sshd, which starts processes for each (default 200; 0 leaves sshd out)

      flood          what a user notices of attackers, and what they cost the gateway
        --attackers N           how many there are at a time (default 200)
        --seconds S             how long they attack (default 30)
        --handshakes N          how many begin TLS and never finish, at a time (default 10000)
        --only TEXT             only the attacks whose name contains this; handshakes for those alone

      admission      what the look at a peer of a local listener costs, for each kind of rule
        --accepts N             connections for each rule (default 1000)
        --sockets N             sockets that are open meanwhile (default 5000)
        --out FOLDER            where the page goes (default bench/results)

      endings        what stays behind when the owner of a tunnel is killed, for every kind of owner
        --rounds N              how many are killed (default 200)
        --seed N                decides the moments (default 1)
        --only TEXT             only the kinds whose name contains this; nothing is written then
        --out FOLDER            where the page goes (default bench/results)

      --json FILE    also appends the results to FILE, one JSON object a line
    """;

try
{
    BenchOptions options = BenchOptions.Parse(args);
    using var results = new Results(options.JsonFile);
    switch (options.Benchmark)
    {
        case "speed":
            await SpeedBenchmark.RunAsync(options);
            return 0;
        case "tls":
            await TlsBenchmark.RunAsync(options);
            return 0;
        case CrowdMeasures.EchoBenchmark:
            await CrowdMeasures.EchoAsync();
            return 0;
        case RelayHop.Benchmark:
            await RelayHop.RunAsync(options.Targets);
            return 0;
        case "connections":
            await ConnectionsBenchmark.RunAsync(options, results);
            return 0;
        case "flood":
            if (options.Only is not HandshakeFlood.Part)
                await FloodBenchmark.RunAsync(options, results);
            if (options.Only is "" or HandshakeFlood.Part)
                await HandshakeFlood.RunAsync(options, results);
            return 0;
        case "admission":
            await AdmissionBenchmark.RunAsync(options, results);
            return 0;
        case "endings":
            await EndingsBenchmark.RunAsync(options, results);
            return 0;
        case LibraryPrograms.Benchmark:
            await LibraryPrograms.RunAsync(options.Victim);
            return 0;
        case AttackersProcess.Benchmark:
            await AttackersProcess.RunAsync(options);
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
