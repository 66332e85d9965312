using System.Globalization;
using Adit.Bench.Servers;
using Adit.Bench.Speed;

namespace Adit.Bench.Tls;

/// <summary>A server's certificate and the authority that it is from, and the programs that use them.</summary>
internal sealed class TlsStage : IStage
{
    private const string ServerName = "db.example.com";

    private readonly string _adit;
    private readonly string _stunnel;
    private int _files;

    private TlsStage(ServerFolder folder, string adit, string stunnel) => (Folder, _adit, _stunnel) = (folder, adit, stunnel);

    public ServerFolder Folder { get; }

    public IReadOnlyList<Contender> All => [Contender.Direct, .. TlsContender.Tunnels];

    public bool WarmsUp => true;

    private string Authority => Path.Combine(Folder.Path, "ca");

    private string Certificate => Path.Combine(Folder.Path, "server.pem");

    public static async Task<TlsStage> SetAsync(string root)
    {
        string stunnel = ((string[])["/usr/bin/stunnel4", "/usr/bin/stunnel"]).FirstOrDefault(File.Exists)
            ?? throw new BenchException("stunnel is missing: apt-get install stunnel4");
        var stage = new TlsStage(await ServerFolder.CreateAsync(), Path.Combine(root, "adit"), stunnel);
        await AditCert.RunAsync(stage._adit, "ca", "-o", stage.Authority);
        await AditCert.RunAsync(stage._adit, "server", ServerName, "--ca", stage.Authority, "-o", stage.Certificate);
        return stage;
    }

    public Task<TunnelUnderTest> OpenAsync(Contender contender, IReadOnlyList<int> targets) => OpenAsync(contender, targets, resumes: true);

    /// <summary>Likewise; sessions may be resumed or not.</summary>
    public async Task<TunnelUnderTest> OpenAsync(Contender contender, IReadOnlyList<int> targets, bool resumes)
    {
        if (contender.Client is null)
            return new(contender, targets);
        string[] options = ["sslVersionMin = TLSv1.3", $"sessionResume = {(resumes ? "yes" : "no")}", .. contender.Options];
        int[] serverPorts = Ports(targets.Count), clientPorts = Ports(targets.Count);
        TlsProcess server = await StartAsync(contender, contender.Server is ServerProgram.Stunnel, serverPorts, targets, [$"cert = {Certificate}", .. options]);
        try
        {
            // Without a name to ask for, .NET does not resume.
            string[] clientOptions =
            [
                "client = yes", $"sni = {ServerName}", "verifyChain = yes", $"CAfile = {Path.Combine(Authority, "ca.pem")}", $"checkHost = {ServerName}", .. options,
            ];
            TlsProcess client = await StartAsync(contender, contender.Client is ClientProgram.Stunnel, clientPorts, serverPorts, clientOptions);
            return new(contender, clientPorts, new TlsEnds(client, server), client.Pid, server.Pid);
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose() => Folder.Dispose();

    private static int[] Ports(int count) => [.. Enumerable.Range(0, count).Select(static _ => int.Parse(ServerFolder.FreePort(), CultureInfo.InvariantCulture))];

    // The same file for both programs.
    private Task<TlsProcess> StartAsync(Contender contender, bool isStunnel, IReadOnlyList<int> ports, IReadOnlyList<int> targets, IReadOnlyList<string> options)
    {
        string[] all =
        [
            "foreground = yes", "debug = err", "syslog = no", "pid =",
            .. ports.SelectMany((port, i) => (string[])[$"[service{i}]", Invariant($"accept = 127.0.0.1:{port}"), Invariant($"connect = 127.0.0.1:{targets[i]}"), .. options]),
        ];
        string file = Folder.Write(Invariant($"tls{_files++}.conf"), all);
        return isStunnel ? TlsProcess.StartAsync(contender.Name, ports, _stunnel, file) : TlsProcess.StartAsync(contender.Name, ports, _adit, "tls", file);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record TlsEnds(TlsProcess Client, TlsProcess Server) : IDisposable
    {
        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
