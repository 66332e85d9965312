using System.Globalization;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Connections that several processes share: <c>ssh</c> and the built <c>adit</c>, each as master and as client.</summary>
public abstract class SharingTest(ITestOutputHelper output) : SessionTerminalTest(output)
{
    internal const string Adit = "adit";
    internal const string Ssh = "ssh";

    private readonly string _folder = RunFolder.Create("sharing");
    private readonly List<SshClientFiles> _files = [];

    /// <summary>Who is master and who is client.</summary>
    public static TheoryData<string, string> Pairs => new() { { Adit, Ssh }, { Ssh, Adit }, { Adit, Adit } };

    internal string ControlPath => Path.Combine(_folder, "control");

    /// <summary>The server, whose connections count.</summary>
    internal SshdPeer Sshd { get; private set; } = null!;

    internal SshClientFiles Files { get; private set; } = null!;

    /// <summary>Starts the server, and writes what the clients know of it.</summary>
    internal async Task ServeAsync(SshdOptions? options = null, params IReadOnlyList<string> config)
    {
        Sshd = await StartSshdAsync(options);
        Files = await SshClientFiles.CreateAsync(Sshd, config);
        _files.Add(Files);
    }

    /// <summary>Starts a master that does nothing else, and waits until it listens.</summary>
    internal async Task<ChildProcess> StartMasterAsync(string program, params IReadOnlyList<string> options)
    {
        if (Sshd is null)
            await ServeAsync();
        var master = await StartAsync(program, ["-M", "-N", .. options]);
        await Patience.UntilAsync(() => master.HasExited || File.Exists(ControlPath), $"{program} should listen", () => master.Log);
        Assert.True(File.Exists(ControlPath), master.Log);
        return master;
    }

    /// <summary>Starts one of the two programs with the control path and the configuration; the host's name comes behind the options.</summary>
    internal Task<ChildProcess> StartAsync(string program, IReadOnlyList<string> options, params IReadOnlyList<string> command) =>
        StartWithAsync(program, new Dictionary<string, string?>(StringComparer.Ordinal), options, command);

    internal async Task<ChildProcess> StartWithAsync(
        string program, IReadOnlyDictionary<string, string?> environment, IReadOnlyList<string> options, params IReadOnlyList<string> command) =>
        Own(await ChildProcess.StartAsync(new(await PathAsync(program), ["-F", Files.ConfigPath, "-S", ControlPath, .. options, SshClientFiles.Alias, .. command]) { Environment = environment }));

    /// <summary>Runs one to its end, without input.</summary>
    internal async Task<ChildProcess> RunAsync(string program, IReadOnlyList<string> options, params IReadOnlyList<string> command)
    {
        var child = await StartAsync(program, options, command);
        child.Input.Close();
        await child.ExitAsync();
        return child;
    }

    /// <summary>Has a client tell the master something, and expects that it works.</summary>
    /// <returns>What it wrote on standard output and on standard error.</returns>
    internal async Task<(string Output, string Error)> ControlAsync(string program, string word, params IReadOnlyList<string> options)
    {
        var client = await RunAsync(program, ["-O", word, .. options]);
        Assert.True(await client.ExitAsync() == 0, client.Log);
        return (client.Output.Text, client.Error.Text);
    }

    /// <summary>The process number of the master, by its own word.</summary>
    internal async Task<int> MasterPidAsync(string client)
    {
        var (_, error) = await ControlAsync(client, "check");
        const string Start = "Master running (pid=";
        var line = Assert.Single(error.Split('\n', StringSplitOptions.TrimEntries), static line => line.StartsWith(Start, StringComparison.Ordinal));
        return int.Parse(line[Start.Length..^1], CultureInfo.InvariantCulture);
    }

    /// <summary>Waits for what the file system tells nobody.</summary>
    internal Task UntilNoSocketAsync(ChildProcess master) =>
        Patience.UntilAsync(() => !File.Exists(ControlPath), "the control socket should go", () => master.Log);

    internal static string Spec(int port, int target) => string.Create(CultureInfo.InvariantCulture, $"{port}:127.0.0.1:{target}");

    internal static async Task<string> PathAsync(string program) => program is Adit ? await AditProcess.BuiltAsync() : program;
}
