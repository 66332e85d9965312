using System.Diagnostics;
using System.Globalization;

namespace Adit.Bench.Admitting;

/// <summary>Processes each of which is the child of the one before, with a few dozen descriptors each; the last one connects when told.</summary>
internal sealed class TreeOfBash : IDisposable
{
    // Each process opens some more descriptors, up to 40 in the last one.
    private const string Script = """
        for ((i = 0; i < 3; i++)); do exec {fd}</dev/null; done
        if (($1 > 1)); then bash -c "$0" "$0" $(($1 - 1)) "$2"; exit; fi
        echo ready
        while read -r how; do
            if [ "$how" = own ]; then
                exec 9<>"/dev/tcp/127.0.0.1/$2"; echo; read -r; exec 9>&-
            else
                bash -c 'exec 9<>"/dev/tcp/127.0.0.1/$0"; echo; read -r' "$2"
            fi
            echo
        done
        """;

    private readonly Process _process;

    public TreeOfBash(int size, int port)
    {
        _process = Process.Start(new ProcessStartInfo(
            Program, ["-c", Script, Script, size.ToString(CultureInfo.InvariantCulture), port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        }) ?? throw new BenchException($"cannot start {Program}");
        if (_process.StandardOutput.ReadLine() != "ready")
            throw new BenchException("the processes did not start");
    }

    public string Program { get; } = "/bin/bash";

    public int Root => _process.Id;

    /// <summary>Connects from the last process, until what is given back is disposed.</summary>
    public IDisposable Connect() => new Connection(this, "own");

    /// <summary>Connects from a child of the last process, which lasts as long as its connection.</summary>
    public IDisposable ConnectFromNewProcess() => new Connection(this, "child");

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private sealed class Connection : IDisposable
    {
        private readonly TreeOfBash _tree;

        public Connection(TreeOfBash tree, string how)
        {
            _tree = tree;
            _tree._process.StandardInput.WriteLine(how);
            _tree._process.StandardInput.Flush();
            _ = _tree._process.StandardOutput.ReadLine();
        }

        public void Dispose()
        {
            _tree._process.StandardInput.WriteLine();
            _tree._process.StandardInput.Flush();
            _ = _tree._process.StandardOutput.ReadLine();
        }
    }
}
