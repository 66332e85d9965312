using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Adit.Bench.Attacks;
using Adit.Ssh.Keys;

namespace Adit.Bench.Flood;

/// <summary>
/// The attackers in a process of their own, which attack until its input ends: in the one of the user whose queries are measured they would
/// slow down that one instead of the gateway. They run at a lower priority, since on the real net they have machines of their own.
/// </summary>
internal sealed class AttackersProcess : IDisposable
{
    /// <summary>By this name it is started.</summary>
    public const string Benchmark = "attackers";

    public const string User = "mallory";

    private readonly Process _process;

    private AttackersProcess(Process process) => _process = process;

    public static AttackersProcess Start(BenchOptions options, int port, string keyFile)
    {
        string[] arguments =
        [
            "-n", "10", Environment.ProcessPath!, typeof(AttackersProcess).Assembly.Location, Benchmark,
            "--attackers", Text(options.Attackers), "--only", options.Only, "--victim", $"{port},{keyFile}",
        ];
        var info = new ProcessStartInfo("nice", arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        return new(Process.Start(info)!);
    }

    /// <summary>Ends the attack, and says how each kind went: connections begun, connections ended by the server.</summary>
    public async Task<IReadOnlyDictionary<string, int[]>> EndAsync()
    {
        _process.StandardInput.Close();
        string report = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        return report.Length == 0
            ? throw new BenchException("the attackers' process broke down")
            : JsonSerializer.Deserialize<Dictionary<string, int[]>>(report)!;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>The process itself.</summary>
    public static async Task RunAsync(BenchOptions options)
    {
        using var echo = new EchoServer();
        using SshPrivateKey key = SshPrivateKey.Parse(await File.ReadAllBytesAsync(options.Victim[1]), options.Victim[1]);
        var victim = new Victim(int.Parse(options.Victim[0], CultureInfo.InvariantCulture), User, key, echo.Port);
        AttackCrowd crowd = AttackCrowd.Start(victim, Crowd(options));
        await using (crowd)
            await Console.In.ReadToEndAsync();
        Console.WriteLine(JsonSerializer.Serialize(crowd.Counts.ToDictionary(
            static pair => pair.Key, static pair => new[] { pair.Value.Begun, pair.Value.Ended }, StringComparer.Ordinal)));
    }

    // One of each that only users can do: one that opens all channels that it can has the files of the whole gateway.
    private static List<Attack> Crowd(BenchOptions options)
    {
        bool IsWanted(Attack attack) => attack.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase);
        List<Attack> crowd = [.. Attack.OfUsers.Where(IsWanted).Take(options.Attackers)];
        Attack[] strangers = [.. Attack.OfStrangers.Where(IsWanted)];
        for (int i = 0; strangers.Length > 0 && crowd.Count < options.Attackers; i++)
            crowd.Add(strangers[i % strangers.Length]);
        return crowd.Count > 0 ? crowd : throw new BenchException($"no attack has \"{options.Only}\" in its name");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
