using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Adit.Bench.Attacks;
using Adit.Bench.Servers;
using Adit.Bench.Tls;

namespace Adit.Bench.Flood;

/// <summary>TLS handshakes that nobody finishes, at a service of <c>adit tls</c> and at a port of the gateway: what users notice, what it costs, what stays.</summary>
internal static class HandshakeFlood
{
    /// <summary>What it is called.</summary>
    public const string Part = "handshakes";

    // Long enough that all of them are there at the same time.
    private const int BeginSeconds = 20;
    private const int Users = 50;

    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(15);

    public static async Task RunAsync(BenchOptions options, Results results)
    {
        using ServerFolder folder = await ServerFolder.CreateAsync();
        string adit = Path.Combine(options.Root, "adit");
        string authority = Path.Combine(folder.Path, "ca"), server = Path.Combine(folder.Path, "server.pem"), client = Path.Combine(folder.Path, "joe.pem");
        await AditCert.RunAsync(adit, "ca", "-o", authority);
        await AditCert.RunAsync(adit, "server", "localhost", "--ca", authority, "-o", server);
        await AditCert.RunAsync(adit, "client", "joe", "--ca", authority, "-o", client);
        using X509Certificate2 joe = X509Certificate2.CreateFromPemFile(client);
        using var echo = new EchoServer();
        string ssh = ServerFolder.FreePort(), port = ServerFolder.FreePort();
        string[] service =
        [
            "foreground = yes", "syslog = no", "[service]", $"accept = 127.0.0.1:{port}", Invariant($"connect = 127.0.0.1:{echo.Port}"),
            $"cert = {server}", Invariant($"TIMEOUTbusy = {BeginSeconds}"),
        ];
        string[] gateway =
        [
            $"Port {ssh}", "ListenAddress 127.0.0.1", $"HostKey {folder.HostKeyFile}", "StrictModes no", "PerSourcePenalties no",
            Invariant($"AditTlsListen 127.0.0.1:{port} 127.0.0.1:{echo.Port}"), $"AditTlsCertificate {server}", $"AditTlsClientCA {authority}/ca.pem",
            "AditTlsUser joe CN=joe", Invariant($"LoginGraceTime {BeginSeconds}"), Invariant($"MaxStartups {options.Handshakes + Users}"),
        ];
        string[] asService = ["tls", folder.Write("service.conf", service)], asGateway = ["gateway", "-f", folder.Write("gateway.conf", gateway), "-D", "-e"];

        List<string[]> times = [["milliseconds to an answer", "asked", "p50", "p99", "most"]];
        List<string[]> uses = [["", "threads", "descriptors", "MiB"]];
        foreach ((string name, string[] arguments) in ((string, string[])[])[("adit tls", asService), ("gateway", asGateway)])
        {
            int at = int.Parse(port, CultureInfo.InvariantCulture);
            using TlsProcess process = await TlsProcess.StartAsync(name, [at], adit, arguments);
            await AskAsync(at, joe);
            Latencies calm = await AskAsync(at, joe);
            ProcessUse before = ProcessUse.Of(process.Pid);

            long began = Stopwatch.GetTimestamp();
            using HalfOpenCrowd crowd = await HalfOpenCrowd.ConnectAsync(at, options.Handshakes);
            TimeSpan connecting = Stopwatch.GetElapsedTime(began);
            Latencies meanwhile = await AskAsync(at, joe);
            ProcessUse held = ProcessUse.Of(process.Pid);
            int early = crowd.Ended;
            await crowd.AllEnded;
            TimeSpan ending = Stopwatch.GetElapsedTime(began);
            ProcessUse ended = ProcessUse.Of(process.Pid);
            Latencies later = await AskAsync(at, joe);
            await Task.Delay(Afterwards);
            ProcessUse after = ProcessUse.Of(process.Pid);

            times.AddRange([Row($"{name}, without them", calm), Row($"{name}, with them", meanwhile), Row($"{name}, when they are gone", later)]);
            uses.AddRange(
            [
                Row($"{name}, before", before), Row($"{name}, with them", held), Row($"{name}, when they have been ended", ended),
                Row(Invariant($"{name}, {Afterwards.TotalSeconds:0} s later"), after),
            ]);
            Console.WriteLine(Invariant(
                $"{name}: {options.Handshakes} connected within {connecting.TotalSeconds:0.0} s, {early} of them ended before their time; all ended {ending.TotalSeconds:0.0} s after the first"));
            results.Record(Part, new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["server"] = name,
                [Part] = options.Handshakes,
                ["connectingSeconds"] = connecting.TotalSeconds,
                ["endingSeconds"] = ending.TotalSeconds,
                ["endedEarly"] = early,
                ["calm"] = calm,
                ["meanwhile"] = meanwhile,
                ["later"] = later,
                ["before"] = before,
                ["held"] = held,
                ["ended"] = ended,
                ["after"] = after,
            });
        }

        Results.Print(Invariant($"What a user notices who comes in ({options.Handshakes} half-open handshakes)"), times);
        Results.Print("What the process takes", uses);
    }

    // From the start of a connection to the first answer through it.
    private static async Task<Latencies> AskAsync(int port, X509Certificate2 joe)
    {
        List<TimeSpan> times = [];
        for (int i = 0; i < Users; i++)
        {
            long began = Stopwatch.GetTimestamp();
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port);
            await using var tls = new SslStream(new NetworkStream(socket));
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ClientCertificates = [joe],
                RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject is "CN=localhost",
            });
            byte[] word = [42];
            await tls.WriteAsync(word);
            await tls.ReadExactlyAsync(word);
            times.Add(Stopwatch.GetElapsedTime(began));
            await tls.ShutdownAsync();
        }

        return Latencies.Of(times);
    }

    private static string[] Row(string name, Latencies times) => [name, Invariant($"{times.Count}"), Invariant($"{times.P50:0.0}"), Invariant($"{times.P99:0.0}"), Invariant($"{times.Most:0.0}")];

    private static string[] Row(string name, ProcessUse use) => [name, Invariant($"{use.Threads}"), Invariant($"{use.Descriptors}"), Invariant($"{use.Memory / 1048576.0:0}")];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
