using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Serving;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Adit.SshLegs;
using Adit.Wording;

namespace Adit.Cli.Demo;

/// <summary>
/// <c>adit demo</c>: a gateway, a target and a tunnel between them, in this one process and over real sockets; shows that it works, and
/// leaves nothing behind.
/// </summary>
internal sealed class DemoCommand : IAsyncDisposable
{
    internal const string Help = "--help";
    internal const string Keep = "--keep";

    private const string User = "demo";
    private const string FolderPrefix = "adit-demo-";
    private const int Failed = 255;

    private readonly string _folder = PrivateFolder.Create(FolderPrefix);
    // Says to others who clear up that the folder is in use.
    private readonly Socket _alive = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly DemoEvents _events = new();
    private readonly Stack<IAsyncDisposable> _owned = new();
    private readonly SshPrivateKey _userKey = SshPrivateKey.Generate("ssh-ed25519", comment: "adit demo");
    private readonly SshPrivateKey _hostKey = SshPrivateKey.Generate("ssh-ed25519", comment: "adit demo");

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        if (args is [Help or "-h"])
        {
            await Console.Out.WriteLineAsync(HelpText.Demo);
            return 0;
        }

        if (args is [DemoStranger.Word, var port])
            return await DemoStranger.RunAsync(port);
        if (args is not ([] or [Keep]))
        {
            await Console.Error.WriteLineAsync($"adit: adit demo takes no \"{string.Join(' ', args)}\"; see adit demo --help");
            return Failed;
        }

        using var stop = new CancellationTokenSource();
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        try
        {
            PrivateFolder.RemoveDead(FolderPrefix);
            await using (var demo = new DemoCommand())
                await demo.ShowAsync(args is [Keep], stop.Token);
            Say("end", "the tunnel, the gateway, the target and their files are gone");
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is SshException or IOException or ConfigException or SocketException)
        {
            await Console.Error.WriteLineAsync($"adit: the demonstration failed: {Printable.Text(e.Message)}");
            return Failed;
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out IAsyncDisposable? owned))
            await owned.DisposeAsync();
        _userKey.Dispose();
        _hostKey.Dispose();
        _alive.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ShowAsync(bool keep, CancellationToken stop)
    {
        _alive.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "alive")));
        _alive.Listen();
        DemoTarget http = Own(DemoTarget.Start());
        (DemoPostgres? postgres, string? missing) = await DemoPostgres.TryStartAsync(_folder, stop);
        if (postgres is not null)
            Own(postgres);
        Say("target", postgres is null ? $"a small HTTP server at 127.0.0.1:{http.Port} ({missing})" : $"a private PostgreSQL at 127.0.0.1:{postgres.Port}");

        GatewayServer gateway = Own(await StartGatewayAsync([http.Port, .. postgres is null ? (int[])[] : [postgres.Port]], stop));
        Endpoint server = gateway.Endpoints[0];
        Say("gateway", $"{server}, host key {_hostKey.PublicKey.Fingerprint}, user {User} by key {_userKey.PublicKey.Fingerprint}");

        SshLink link = Own(await ConnectAsync(server, stop));
        Forward toHttp = Own(await OpenAsync(link, http.Port, stop));
        Forward? toPostgres = postgres is null ? null : Own(await OpenAsync(link, postgres.Port, stop));
        Forward main = toPostgres ?? toHttp;
        Say("tunnel", Route(link, main));
        await AskAsync(toPostgres, postgres, toHttp, stop);
        await MeasureAsync(toHttp, stop);
        await RefuseAsync(link, stop);
        Say("refused", await DemoStranger.ShowAsync(link, toHttp.Target!, stop));
        Audit();
        if (keep)
            await KeepAsync(server, toPostgres, postgres, toHttp, stop);
    }

    private T Own<T>(T owned)
        where T : IAsyncDisposable
    {
        _owned.Push(owned);
        return owned;
    }

    private async Task<GatewayServer> StartGatewayAsync(IReadOnlyList<int> targets, CancellationToken stop)
    {
        string host = Private("host_key", _hostKey.ToOpenSshFormat());
        Private("user_key", _userKey.ToOpenSshFormat());
        Private(User, Encoding.ASCII.GetBytes($"{_userKey.PublicKey}\n"));
        string rules = string.Join(' ', targets.Select(static port => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}")));
        string config = Private("gateway.conf", Encoding.UTF8.GetBytes(
            $"""
            HostKey "{host}"
            AuthorizedKeysFile "{_folder}/%u"
            StrictModes no
            AditPermitOpen {rules}

            """));
        return await GatewayServer.StartAsync(
            () => GatewayConfiguration.Of(SshdConfig.Read(config, [])), _events, TimeProvider.System, [ListenSpec.Tcp(0, "127.0.0.1")], stop);
    }

    private string Private(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(content);
        return path;
    }

    private async Task<SshLink> ConnectAsync(Endpoint server, CancellationToken stop)
    {
        var options = new SshClientOptions
        {
            User = User,
            Authentication = [new PublicKeyMethod([_userKey])],
            VerifyHostKey = (key, _) => key.Equals(_hostKey.PublicKey) ? default : throw new SshHostKeyException("it is not the gateway's", key),
        };
        return await SshLink.ConnectAsync(server, "gateway", new TcpDialer(), options, static () => "host key verified, made by this demonstration", stop);
    }

    private static async Task<Forward> OpenAsync(SshLink link, int port, CancellationToken stop)
    {
        LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0), null, stop);
        return Forward.Start(listener, Endpoint.Tcp("127.0.0.1", port), link.Dialer);
    }

    private static string Route(SshLink link, Forward forward) =>
        link.Dialer.RouteTo(forward.Target!).After(new Leg("app", forward.Endpoints[0].ToString(), LegProtection.None) { Within = "this machine" }).ToString();

    private static async Task AskAsync(Forward? toPostgres, DemoPostgres? postgres, Forward toHttp, CancellationToken stop)
    {
        if (toPostgres is not null && postgres is not null)
        {
            const string query = "select 'hello from ' || split_part(version(), ' ', 1) || ' ' || split_part(version(), ' ', 2)";
            Say("asked", query);
            Say("answer", await PsqlAsync(toPostgres.Endpoints[0].Port, postgres.User, query, stop));
            return;
        }

        Say("asked", "GET /");
        using var socket = await RequestAsync(toHttp.Endpoints[0].Port, "/", stop);
        var answer = new MemoryStream();
        byte[] block = new byte[4096];
        while (await socket.ReceiveAsync(block, stop) is > 0 and var count)
            answer.Write(block, 0, count);
        Say("answer", Encoding.ASCII.GetString(answer.ToArray()).Split("\r\n\r\n")[^1].Trim());
    }

    private static async Task<string> PsqlAsync(int port, string user, string query, CancellationToken stop)
    {
        using var psql = Process.Start(new ProcessStartInfo(DemoPostgres.Find("psql")!,
            ["-X", "-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", user, "-d", "postgres", "-Atc", query])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        psql.StandardInput.Close();
        Task<string> said = psql.StandardError.ReadToEndAsync(stop);
        string answer = await psql.StandardOutput.ReadToEndAsync(stop);
        await psql.WaitForExitAsync(stop);
        return psql.ExitCode == 0 ? answer.Trim() : throw new IOException($"psql failed: {(await said).Trim()}");
    }

    private static async Task<Socket> RequestAsync(int port, string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), stop);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\n\r\n"), stop);
        return socket;
    }

    private static async Task MeasureAsync(Forward toHttp, CancellationToken stop)
    {
        using Socket socket = await RequestAsync(toHttp.Endpoints[0].Port, "/stream", stop);
        byte[] block = new byte[256 * 1024];
        var time = Stopwatch.StartNew();
        long bytes = 0;
        while (time.Elapsed < TimeSpan.FromSeconds(1))
            bytes += await socket.ReceiveAsync(block, stop);
        Say("speed", string.Create(CultureInfo.InvariantCulture, $"{bytes / time.Elapsed.TotalSeconds / 1e6:0} MB/s through the tunnel for 1 second, both ends in this process"));
    }

    // The gateway's own rules forbid everything but the targets: shown by asking for something else.
    private static async Task RefuseAsync(SshLink link, CancellationToken stop)
    {
        const int ssh = 22;
        try
        {
            DialedConnection dialed = await link.Dialer.DialAsync(Endpoint.Tcp("127.0.0.1", ssh), ConnectionOrigin.ThisProcess, stop);
            await dialed.Duplex.DisposeAsync();
            throw new IOException("the gateway let a forbidden connection through");
        }
        catch (DialException e)
        {
            Say("refused", $"127.0.0.1:{ssh}: {e.Reason}");
        }
    }

    private void Audit()
    {
        foreach (GatewayEvent happened in _events.Seen.Where(static seen => seen.Event is not (GatewayEventKind.Listening or GatewayEventKind.Note)))
        {
            string bytes = happened.BytesIn is { } received ? string.Create(CultureInfo.InvariantCulture, $", {happened.BytesOut} bytes out, {received} bytes in") : string.Empty;
            Say("audit", $"{happened.Event} {happened.User} {happened.Target} {happened.Detail}{bytes}".Replace("  ", " ", StringComparison.Ordinal));
        }
    }

    private async Task KeepAsync(Endpoint server, Forward? toPostgres, DemoPostgres? postgres, Forward toHttp, CancellationToken stop)
    {
        if (toPostgres is not null)
            Say("try", $"psql -h 127.0.0.1 -p {toPostgres.Endpoints[0].Port} -U {postgres!.User} postgres");
        Say("try", $"curl http://127.0.0.1:{toHttp.Endpoints[0].Port}/");
        Say("try", $"ssh -p {server.Port} -i {_folder}/user_key -N -L 15432:127.0.0.1:{postgres?.Port ?? toHttp.Target!.Port} {User}@{server.Host}");
        Say("keep", "Ctrl-C ends all of it");
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void Say(string what, string text) => Console.Out.WriteLine($"{what,-8} {Printable.Text(text)}");
}
