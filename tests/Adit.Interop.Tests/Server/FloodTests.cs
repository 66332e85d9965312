using System.Globalization;
using Adit.Bench.Attacks;
using Adit.Interop.Tests.Engine;
using Adit.Interop.Tests.Peers;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>The built gateway under attack, with a user who wants to work. bench/run flood measures what these tests only judge.</summary>
public sealed class FloodTests(ITestOutputHelper output) : EngineTest(output)
{
    private const int Attackers = 200;
    private const long MostMemory = 1024L * Mebibyte;
    private const long KeptMemory = 200L * Mebibyte;

    // Each is ended for what it did, but those who do nothing wrong, only never enough, when their time is over.
    private const string TimeIsOver = "no login of the client within";

    public static TheoryData<string, string> Ends => new()
    {
        { Attack.Silence.Name, TimeIsOver },
        { Attack.Garbage.Name, "does not speak SSH" },
        { Attack.SlowIdentification.Name, TimeIsOver },
        { Attack.EndlessIgnore.Name, "too much was sent before the user was authenticated" },
        { Attack.EndlessDebug.Name, "too much was sent before the user was authenticated" },
        { Attack.UnknownMessages.Name, "too much was sent before the user was authenticated" },
        { Attack.UnfinishedKeyExchange.Name, TimeIsOver },
        { Attack.HugeLength.Name, "a packet claims 4294967295 bytes" },
        { Attack.LargestLength.Name, TimeIsOver },
        { Attack.UnreadPings.Name, "does not read the answers to its requests" },
        { Attack.UnreadRequests.Name, "does not read the answers to its requests" },
        { Attack.AbsurdWindow.Name, "grew a channel's window beyond" },
        { Attack.NoPacketSize.Name, "a maximum packet size of 0" },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task An_attacker_is_ended_and_the_log_says_why(string name, string reason)
    {
        await using var echo = TcpService.Echo();
        (ChildProcess gateway, int port) = await StartGatewayAsync("LoginGraceTime 2");
        SshConnection user = await LogInAsync(gateway, port);
        await EchoAsync(user, echo);

        Attack attack = Attack.OfStrangers.Concat(Attack.OfUsers).Single(attack => attack.Name == name);
        await using (AttackCrowd.Start(await VictimAsync(port, echo), [attack]))
            await gateway.ErrorAsync($"^Disconnected .*{reason}");

        await EchoAsync(user, echo);
    }

    [Fact]
    public async Task While_hundreds_attack_an_open_tunnel_works_on_and_memory_is_bounded_and_comes_back()
    {
        await using var echo = TcpService.Echo();
        (ChildProcess gateway, int port) = await StartGatewayAsync("LoginGraceTime 3", "LogLevel ERROR", "AditMaxChannels 1000");
        SshConnection user = await LogInAsync(gateway, port);
        await using Channel tunnel = await OpenAsync(user, echo.Port);
        await AskAsync(tunnel, 1);
        long before = ProcessUse.Of(gateway.Pid).Memory;

        AttackCrowd crowd = AttackCrowd.Start(await VictimAsync(port, echo), Crowd());
        await using (crowd)
        {
            // Whether the channels that nobody reads from fill all buffers is up to the kernel.
            await Patience.UntilAsync(
                () => crowd.Counts.Count(static pair => pair.Value.Ended >= 2) >= Ends.Count,
                "every kind of attacker should be ended, and once more when it comes again",
                () => string.Join('\n', crowd.Counts.Select(static pair => $"{pair.Key}: {pair.Value.Begun} begun, {pair.Value.Ended} ended")));
            for (var i = 0; i < 20; i++)
                await AskAsync(tunnel, i);
            await EchoAsync(await LogInAsync(gateway, port), echo);
        }

        await AskAsync(tunnel, 2);
        var most = ProcessUse.Of(gateway.Pid).MostMemory;
        Assert.True(most < MostMemory, $"the gateway took {most / Mebibyte} MiB");
        await Patience.UntilAsync(
            () => ProcessUse.Of(gateway.Pid).Memory < before + KeptMemory,
            $"the memory should come back to {before / Mebibyte} MiB and a little",
            () => $"{ProcessUse.Of(gateway.Pid).Memory / Mebibyte} MiB of {most / Mebibyte} MiB are left");
        await AskAsync(tunnel, 3);
    }

    private static List<Attack> Crowd()
    {
        List<Attack> crowd = [.. Attack.OfUsers];
        for (var i = 0; crowd.Count < Attackers; i++)
            crowd.Add(Attack.OfStrangers[i % Attack.OfStrangers.Count]);
        return crowd;
    }

    private static async Task AskAsync(Channel tunnel, int number)
    {
        byte[] question = BitConverter.GetBytes(number);
        await tunnel.WriteAsync(question).AsTask().WithinAsync("the user's tunnel should take a question");
        List<byte> answer = [];
        while (answer.Count < question.Length)
        {
            ReadOnlyMemory<byte> data = await tunnel.ReadAsync().AsTask().WithinAsync("the user's tunnel should answer");
            Assert.False(data.IsEmpty, "the user's tunnel ended");
            answer.AddRange(data.Span);
        }
        Assert.Equal(question, answer);
    }

    private static async Task<Victim> VictimAsync(int port, TcpService echo) =>
        new(port, "mallory", await PrivateKeyAsync(await KeyPair.GetAsync("ed25519", "mallory")), echo.Port);

    private async Task<(ChildProcess Gateway, int Port)> StartGatewayAsync(params IReadOnlyList<string> config)
    {
        var folder = RunFolder.Create("gateway");
        foreach (var user in (string[])["joe", "mallory"])
            await File.WriteAllTextAsync(Path.Combine(folder, user), (await KeyPair.GetAsync("ed25519", user)).PublicLine + "\n");
        var port = LoopbackPort.Free();
        var file = Path.Combine(folder, "gateway.conf");
        await File.WriteAllLinesAsync(file,
        [
            .. config,
            $"Port {port.ToString(CultureInfo.InvariantCulture)}",
            "ListenAddress 127.0.0.1",
            $"HostKey {(await KeyPair.GetAsync("ed25519", "host")).PrivatePath}",
            $"AuthorizedKeysFile {folder}/%u",
            "StrictModes no",
            "MaxStartups 300",
            "PerSourcePenalties no",
        ]);
        var gateway = Own(await AditProcess.StartAsync("gateway", "-f", file));
        await LoopbackPort.UntilListeningAsync(port, gateway);
        return (gateway, port);
    }

    private async Task<SshConnection> LogInAsync(ChildProcess gateway, int port)
    {
        var trusted = (await KeyPair.GetAsync("ed25519", "host")).PublicLine;
        var options = new SshClientOptions
        {
            User = "joe",
            VerifyHostKey = (key, _) =>
            {
                Assert.Equal(trusted, key.ToString());
                return default;
            },
            Authentication = [new PublicKeyMethod([await PrivateKeyAsync(await KeyPair.GetAsync("ed25519", "joe"))])],
        };
        return Own(await SshClient.ConnectAsync(await DialAsync(port), options).WithinAsync("the user should get in", () => gateway.Log));
    }
}
