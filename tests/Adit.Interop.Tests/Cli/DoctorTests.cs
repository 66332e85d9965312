using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>
/// <c>adit doctor</c> and what the real ssh leaves behind. Other tests have tunnels too: only what is about the processes and files of this one is asked
/// for, and above all ended.
/// </summary>
public sealed class DoctorTests : TunnelTest, IDisposable
{
    private readonly string _home = RunFolder.Create("doctor");
    private readonly Dictionary<string, string?> _environment = new(StringComparer.Ordinal);

    public DoctorTests(ITestOutputHelper output)
        : base(output)
    {
        Directory.CreateDirectory(SshFolder);
        _environment["HOME"] = _home;
        _environment["XDG_RUNTIME_DIR"] = _home;
        _environment["ADIT_BACKGROUND"] = null;
    }

    private string SshFolder => Path.Combine(_home, ".ssh");

    [AditFact]
    [Trait("Surface", "S0-4")]
    [Trait("Surface", "S0-6")]
    public async Task An_ssh_that_outlived_its_parent_is_found_with_its_port_and_ended()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();
        // The command line of the article, its destination before the options.
        var ssh = $"ssh -F {files.ConfigPath} {SshClientFiles.Alias} -vNL {port}:127.0.0.1:{echo.Port} -o ExitOnForwardFailure=yes -o TCPKeepAlive=no -o ServerAliveInterval=60";
        var parent = Own(await ChildProcess.StartAsync(new("sh", "-c", $"{ssh} & wait")));
        await LoopbackPort.UntilListeningAsync(port, parent);
        await using var orphan = new BackgroundProcess(LoopbackPort.Listener(port));
        Assert.Equal(0, (await DoctorAsync(Number(orphan))).Code);

        parent.Kill();
        await parent.ExitAsync();
        await Bulk.EchoAsync(port);

        var finding = await FindOneAsync(Number(orphan));
        Assert.Equal("left-running", finding.GetProperty("kind").GetString());
        Assert.Equal(orphan.Pid, finding.GetProperty("pid").GetInt32());
        Assert.Contains($"127.0.0.1:{port}", finding.GetProperty("listening").EnumerateArray().Select(static one => one.GetString()));
        Assert.Contains("who started it is gone", finding.GetProperty("what").GetString(), StringComparison.Ordinal);
        Assert.Equal($"kill {orphan.Pid}", finding.GetProperty("command").GetString());
        Assert.InRange(DateTimeOffset.UtcNow - finding.GetProperty("since").GetDateTimeOffset(), TimeSpan.FromSeconds(-2), TimeSpan.FromMinutes(5));
        Assert.False(orphan.HasExited);

        await EndAsync(Number(orphan));
        Assert.True(orphan.HasExited);
        Assert.False(LoopbackPort.IsListening(port));
    }

    [AditFact]
    [Trait("Surface", "S0-6")]
    public async Task An_ssh_in_the_background_is_found_in_words_and_ended()
    {
        var (port, ssh) = await StartInBackgroundAsync();
        await using var background = ssh;

        var doctor = await RunAsync(Number(background));
        Assert.Equal(1, await doctor.ExitAsync());
        Assert.StartsWith("TUNNELS LEFT RUNNING", doctor.Output.Text, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{port}", doctor.Output.Text, StringComparison.Ordinal);
        Assert.Contains("usable by  every program and user of this machine", doctor.Output.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', doctor.Output.Text);

        await EndAsync(Number(background));
        Assert.True(background.HasExited);
    }

    [AditFact]
    public async Task Nothing_is_ended_where_nobody_can_be_asked()
    {
        var (port, ssh) = await StartInBackgroundAsync();
        await using var background = ssh;

        var doctor = await RunAsync("--end", Number(background));

        Assert.Equal(2, await doctor.ExitAsync());
        Assert.Contains("add --yes", doctor.Error.Text, StringComparison.Ordinal);
        Assert.True(LoopbackPort.IsListening(port));
        Assert.False(background.HasExited);
    }

    [AditTheory]
    [InlineData("no", 1, false)]
    [InlineData("yes", 0, true)]
    public async Task On_a_terminal_it_asks_before_it_ends_something(string answer, int code, bool isEnded)
    {
        var (port, ssh) = await StartInBackgroundAsync();
        await using var background = ssh;

        var doctor = await StartAditOnTerminalAsync("doctor", "--end", Number(background));
        await doctor.OutputAsync($@"End it \(kill {background.Pid}\)\? \(yes/no\) ");
        Assert.True(LoopbackPort.IsListening(port));
        await doctor.Input.WriteAsync(answer + "\n");

        Assert.Equal(code, await doctor.ExitAsync());
        Assert.Equal(isEnded, background.HasExited);
        // Colours, which the answers to a file do not have.
        Assert.Contains("\u001b[", doctor.Output.Text, StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_port_that_is_open_to_other_machines_is_found()
    {
        var (port, ssh) = await StartInBackgroundAsync("-g");
        await using var background = ssh;

        var (code, findings) = await DoctorAsync(Number(background));

        Assert.Equal(1, code);
        Assert.Contains(findings, finding => finding.GetProperty("kind").GetString() == "open-to-others"
            && finding.GetProperty("listening")[0].GetString() == $"*:{port}");
        await EndAsync(Number(background));
    }

    [AditFact]
    public async Task A_master_in_the_background_is_found_by_its_socket_and_told_to_exit()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var control = Path.Combine(SshFolder, "control");
        var start = await StartSshAsync("-F", files.ConfigPath, "-f", "-N", "-M", "-S", control, SshClientFiles.Alias);
        start.Input.Close();
        Assert.Equal(0, await start.ExitAsync());

        var finding = await FindOneAsync(control);
        Assert.Equal($"ssh -O exit -S {control} any", finding.GetProperty("command").GetString());
        await using var master = new BackgroundProcess(ProcessTree.Find(finding.GetProperty("pid").GetInt32())!.Value);
        Assert.Equal("ssh", ProcessTree.Find(master.Pid)?.Command);

        await EndAsync(control);
        Assert.True(master.HasExited);
        Assert.False(File.Exists(control));
    }

    [AditFact]
    public async Task A_socket_whose_master_was_killed_is_found_and_removed()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var folder = RunFolder.Create("control");
        // Where only the user's configuration leads.
        var control = Path.Combine(folder, "cm-peer");
        await File.WriteAllTextAsync(Path.Combine(SshFolder, "config"), $"Host db\n  ControlPath {folder}/cm-%n\n");
        var master = await StartSshAsync("-F", files.ConfigPath, "-N", "-M", "-S", control, SshClientFiles.Alias);
        await Patience.UntilAsync(() => master.HasExited || File.Exists(control), "ssh should listen", () => master.Log);
        master.Kill();
        await master.ExitAsync();

        var finding = await FindOneAsync(control);
        Assert.Equal("stale-socket", finding.GetProperty("kind").GetString());
        Assert.Equal("nobody", finding.GetProperty("users").GetString());

        await EndAsync(control);
        Assert.False(File.Exists(control));
        RunFolder.Remove(folder);
    }

    [AditFact]
    public async Task A_tunnel_that_got_one_half_of_localhost_is_found()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();
        using var database = new TcpListener(IPAddress.Any, port);
        database.Start();
        var ssh = await StartSshAsync("-F", files.ConfigPath, "-N", "-L", $"{port}:127.0.0.1:9", SshClientFiles.Alias);
        await Patience.UntilAsync(() => ssh.HasExited || LoopbackPort.Listeners(port).Contains(IPAddress.IPv6Loopback), "ssh should listen", () => ssh.Log);
        Assert.False(ssh.HasExited, ssh.Log);

        var (_, findings) = await DoctorAsync(ssh.Pid.ToString(CultureInfo.InvariantCulture));

        var shadow = Assert.Single(findings, static finding => finding.GetProperty("kind").GetString() == "shadowed-port");
        Assert.Equal([$"[::1]:{port}", $"*:{port}"], shadow.GetProperty("listening").EnumerateArray().Select(static one => one.GetString()));
        Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), shadow.GetProperty("what").GetString(), StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_key_that_others_may_read_and_a_weak_setting_are_found_in_the_users_home()
    {
        var key = Path.Combine(SshFolder, "id_ed25519");
        File.Copy((await SshClientFiles.UserKeyAsync()).PrivatePath, key);
        File.SetUnixFileMode(key, (UnixFileMode)0b110_100_100);
        var config = Path.Combine(SshFolder, "config");
        await File.WriteAllTextAsync(config, "Host db\n  StrictHostKeyChecking no\n");

        var finding = await FindOneAsync(key);
        Assert.Equal("open-key", finding.GetProperty("kind").GetString());
        Assert.Equal($"chmod 600 {key}", finding.GetProperty("command").GetString());
        Assert.StartsWith($"{config}:2: StrictHostKeyChecking no, in effect for Host db:", (await FindOneAsync(config)).GetProperty("what").GetString(), StringComparison.Ordinal);

        // What the findings say mends it.
        await ChildProcess.RunAsync(new("chmod", "600", key));
        await ChildProcess.RunAsync(new("sed", "-i", "2s/^/#/", config));
        Assert.Equal(0, (await DoctorAsync(key, config)).Code);
    }

    [AditFact]
    public async Task An_adit_in_the_background_is_found_unless_a_time_ends_it()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        int limited = LoopbackPort.Free(), unlimited = LoopbackPort.Free();
        foreach (var (port, lifetime) in new[] { (limited, "600"), (unlimited, "none") })
        {
            var start = await StartAditAsync(new ChildProcessStart("", ["-f", .. Arguments(files, port, "127.0.0.1:9", "-o", $"AditLifetime={lifetime}")]) { Environment = _environment });
            start.Input.Close();
            Assert.Equal(0, await start.ExitAsync());
        }

        await using var mortal = new BackgroundProcess(LoopbackPort.Listener(limited));
        await using var immortal = new BackgroundProcess(LoopbackPort.Listener(unlimited));

        Assert.Equal(0, (await DoctorAsync(Number(mortal))).Code);
        Assert.Contains("it runs in the background", (await FindOneAsync(Number(immortal))).GetProperty("what").GetString(), StringComparison.Ordinal);

        await EndAsync(Number(immortal));
        Assert.True(immortal.HasExited);
        Assert.False(mortal.HasExited);
    }

    [AditTheory]
    [InlineData("--ned")]
    [InlineData("some-file")]
    [InlineData("--yes")]
    public async Task What_is_not_understood_ends_nothing_and_returns_2(string argument)
    {
        var doctor = await RunAsync(argument);

        Assert.Equal(2, await doctor.ExitAsync());
        Assert.NotEmpty(doctor.Error.Text);
    }

    [AditFact]
    public async Task The_help_fits_a_screen()
    {
        var doctor = await RunAsync("--help");

        Assert.Equal(0, await doctor.ExitAsync());
        var lines = doctor.Output.Text.TrimEnd().Split('\n');
        Assert.InRange(lines.Length, 10, 24);
        Assert.All(lines, static line => Assert.InRange(line.Length, 0, 80));
    }

    public void Dispose() => RunFolder.Remove(_home);

    private static string Number(BackgroundProcess process) => process.Pid.ToString(CultureInfo.InvariantCulture);

    private async Task<(int Port, BackgroundProcess Ssh)> StartInBackgroundAsync(params IReadOnlyList<string> options)
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();
        var start = await StartSshAsync(["-f", .. options, .. Arguments(files, port, "127.0.0.1:9")]);
        start.Input.Close();
        Assert.Equal(0, await start.ExitAsync());
        return (port, new(LoopbackPort.Listener(port)));
    }

    private async Task<ChildProcess> RunAsync(params IReadOnlyList<string> arguments)
    {
        var doctor = await StartAditAsync(new ChildProcessStart("", ["doctor", .. arguments]) { Environment = _environment });
        doctor.Input.Close();
        return doctor;
    }

    private async Task<(int Code, JsonElement[] Findings)> DoctorAsync(params IReadOnlyList<string> arguments)
    {
        var doctor = await RunAsync(["--json", .. arguments]);
        var code = await doctor.ExitAsync();
        Assert.True(doctor.Output.Text.Length > 0, doctor.Log);
        using var result = JsonDocument.Parse(doctor.Output.Text);
        return (code, [.. result.RootElement.GetProperty("findings").EnumerateArray().Select(static finding => finding.Clone())]);
    }

    private async Task<JsonElement> FindOneAsync(string which)
    {
        var (code, findings) = await DoctorAsync(which);
        Assert.Equal(1, code);
        return Assert.Single(findings);
    }

    /// <summary>Ends it, and finds it no more.</summary>
    private async Task EndAsync(string which)
    {
        var (code, findings) = await DoctorAsync("--end", "--yes", which);
        Assert.True(code == 0, string.Join('\n', findings));
        Assert.NotEmpty(findings);
        Assert.All(findings, static finding => Assert.True(finding.GetProperty("ended").GetBoolean()));
        var (after, left) = await DoctorAsync(which);
        Assert.Equal(0, after);
        Assert.Empty(left);
    }
}
