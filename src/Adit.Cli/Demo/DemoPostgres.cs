using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Adit.Cli.Demo;

/// <summary>A private PostgreSQL in a folder of its own, that ends with this process whatever way that ends.</summary>
internal sealed class DemoPostgres : IAsyncDisposable
{
    // The shell waits for the end of its input, which is ours: when this process is gone, so is the server.
    private const string Watch = "\"$@\" & pid=$!; read -r _; kill -QUIT $pid; wait $pid";
    private const int Nobody = 65534;

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);

    private readonly Process _watch;

    private DemoPostgres(Process watch, int port, string user)
    {
        _watch = watch;
        Port = port;
        User = user;
    }

    public int Port { get; }

    /// <summary>The database's superuser.</summary>
    public string User { get; }

    /// <summary>Starts one; null, with the reason, where that is not possible.</summary>
    public static async Task<(DemoPostgres? Server, string? Missing)> TryStartAsync(string folder, CancellationToken cancellationToken)
    {
        if (Find("initdb") is not { } initdb || Find("postgres") is not { } postgres || Find("psql") is null)
            return (null, "PostgreSQL is not installed");
        string data = Path.Combine(folder, "postgres");
        Directory.CreateDirectory(data);
        IReadOnlyList<string> prefix = [];
        if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
        {
            // It refuses to run as root.
            if (Find("setpriv") is not { } setpriv || await RunAsync("chown", ["-R", Nobody.ToString(CultureInfo.InvariantCulture), data], cancellationToken) != 0)
                return (null, "PostgreSQL does not run as root, and there is no setpriv");
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);
            prefix = [setpriv, string.Create(CultureInfo.InvariantCulture, $"--reuid={Nobody}"), string.Create(CultureInfo.InvariantCulture, $"--regid={Nobody}"), "--clear-groups", "--"];
        }

        const string user = "demo";
        string[] words = [.. prefix, initdb, "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--no-sync"];
        if (await RunAsync(words[0], words[1..], cancellationToken) != 0)
            return (null, "initdb failed");
        int port = FreePort();
        string[] server = [.. prefix, postgres, "-D", data, "-h", "127.0.0.1", "-k", "", "-p", port.ToString(CultureInfo.InvariantCulture), "-F"];
        Process watch = Process.Start(Quiet("/bin/sh", ["-c", Watch, "sh", .. server]))!;
        var started = new DemoPostgres(watch, port, user);
        if (await AnswersAsync(port, cancellationToken))
            return (started, null);
        await started.DisposeAsync();
        return (null, "PostgreSQL did not start");
    }

    /// <summary>The program, on the path or where Debian keeps it; null when it is not installed.</summary>
    public static string? Find(string program)
    {
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (Directory.Exists("/usr/lib/postgresql"))
            folders = folders.Concat(Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(static version => Path.Combine(version, "bin")));
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    public async ValueTask DisposeAsync()
    {
        _watch.StandardInput.Close();
        await _watch.WaitForExitAsync();
        _watch.Dispose();
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private static async Task<bool> AnswersAsync(int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTime);
        while (!limit.IsCancellationRequested)
        {
            try
            {
                using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await probe.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), limit.Token);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    private static async Task<int> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using Process process = Process.Start(Quiet(program, arguments))!;
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    private static ProcessStartInfo Quiet(string program, IReadOnlyList<string> arguments)
    {
        // Nobody reads what it prints, so it goes where nothing can fill up.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >/dev/null 2>&1", "sh", program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C";
        return start;
    }
}
