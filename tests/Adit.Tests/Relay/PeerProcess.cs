using System.Diagnostics;
using System.Globalization;
using Adit.Tests.Shared;

namespace Adit.Tests.Relay;

/// <summary>A process of its own, which says with a word what came of its connection. Ends with the test.</summary>
internal sealed class PeerProcess : IDisposable
{
    // "target" waits until the test says where to; "use" tells an admitted connection from a refused one; nobody lives on for long.
    private const string Prelude = """
        import array, os, signal, socket, subprocess, sys
        os.register_at_fork(after_in_child=lambda: signal.alarm(30))
        signal.alarm(30)
        def say(*words): print(*words, flush=True)
        def hear(): return sys.stdin.readline().strip()
        def target(): return hear().rsplit(' ', 1)
        def make(host):
            return socket.socket(socket.AF_UNIX if host[0] == '/' else socket.AF_INET6 if ':' in host else socket.AF_INET)
        def join(s, host, port): s.connect(host if host[0] == '/' else (host, int(port)))
        def use(s):
            try:
                s.sendall(b'hi')
                return 'admitted' if s.recv(2) == b'hi' else 'ended'
            except (ConnectionResetError, BrokenPipeError):
                return 'reset'
        def attempt(host, port):
            s = make(host)
            try:
                join(s, host, port)
                return use(s)
            except ConnectionResetError:
                return 'reset'
            finally:
                s.close()
        def send_socket(path, s):
            with socket.socket(socket.AF_UNIX) as u:
                u.connect(path)
                socket.send_fds(u, [b'x'], [s.fileno()])
                u.recv(1)
        def take_socket(path, then=lambda: None):
            with socket.socket(socket.AF_UNIX) as l:
                l.bind(path)
                l.listen()
                then()
                u = l.accept()[0]
                s = socket.socket(fileno=socket.recv_fds(u, 1, 1)[1][0])
                u.send(b'x')
                return s

        """;

    private readonly Process _process;

    private PeerProcess(Process process) => _process = process;

    public static string Python { get; } = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    public int Pid => _process.Id;

    /// <summary>Runs a few lines of Python.</summary>
    public static PeerProcess Script(string script, params IEnumerable<string> before) => Start([.. before, Python, "-u", "-c", Prelude + script]);

    /// <summary>Runs a copy of bash that makes one connection.</summary>
    public static PeerProcess Bash(string bash) => Start([bash, "-c", """
        read -r host port
        { exec 3<>"/dev/tcp/$host/$port"; } 2>/dev/null
        if printf hi >&3 && read -r -N 2 answer <&3 && [ "$answer" = hi ]; then echo admitted; else echo reset; fi
        """]);

    private static PeerProcess Start(string[] command) => new(Process.Start(new ProcessStartInfo(command[0], command[1..])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        UseShellExecute = false,
            })!);

    /// <summary>Says where to connect and gives the answer.</summary>
    public async Task<string> TryAsync(string host, int port)
    {
        await TellAsync(string.Create(CultureInfo.InvariantCulture, $"{host} {port}"));
        return await HearAsync();
    }

    public async Task TellAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>The next line that it says; fails where it ends instead.</summary>
    public async Task<string> HearAsync()
    {
        string? line = await _process.StandardOutput.ReadLineAsync().TestTime();
        Assert.NotNull(line);
        return line;
    }

    public Task ExitAsync() => _process.WaitForExitAsync().TestTime();

    public void Kill() => _process.Kill();

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
