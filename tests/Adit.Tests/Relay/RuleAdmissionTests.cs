using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Tests.Relay;

[SupportedOSPlatform("linux")]
public sealed class RuleAdmissionTests
{
    private const string Attempt = "say(attempt(*target()))";

    private readonly RecordedEvents _events = new();

    [Theory]
    [InlineData("user:4000000001x", "user:4000000001x: this machine knows no such user")]
    [InlineData("any or group:no-such-group", "group:no-such-group: this machine knows no such group")]
    [InlineData("exe:/no/such/program", "exe:/no/such/program: there is no such program")]
    [InlineData("exe:/etc/passwd", "exe:/etc/passwd: there is no such program")]
    [InlineData("exe:/tmp", "exe:/tmp: there is no such program")]
    [InlineData("pid:2147483647", "pid:2147483647: there is no such process")]
    public void What_does_not_exist_is_no_one_to_admit(string rule, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => Admission.Of(AdmissionRule.Parse(rule))).Message);

    [Fact]
    public void A_script_is_no_program_that_could_be_told_apart()
    {
        string script = Path.GetTempFileName();
        File.WriteAllText(script, "#!/bin/sh\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Equal(
            $"exe:{script} is a script, which runs as its interpreter and cannot be told apart; use pid: or same-user",
            Assert.Throws<FormatException>(() => Admission.Of(AdmissionRule.Parse("exe:" + script))).Message);
        File.Delete(script);
    }

    [Fact]
    public async Task A_process_that_waits_only_to_be_noticed_is_no_tree()
    {
        using PeerProcess own = PeerProcess.Script("pid = os.fork() or os._exit(0)\nos.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)\nsay(pid)\nhear()");
        string zombie = await own.HearAsync();
        Assert.True(ProcessStatus.Look(int.Parse(zombie, CultureInfo.InvariantCulture))!.Value.HasEnded);
        Assert.Equal(
            $"pid:{zombie}: there is no such process",
            Assert.Throws<FormatException>(() => Admission.Of(AdmissionRule.Parse("pid:" + zombie))).Message);
    }

    [Theory]
    [InlineData("same-user", false)]
    [InlineData("self", false)]
    [InlineData("exe", false)]
    [InlineData("user:0 or group:0", false)]
    [InlineData("same-user or user:65534", true)]
    [InlineData("user:nobody", true)]
    [InlineData("group:65534", true)]
    [InlineData("pid", true)]
    [InlineData("any", true)]
    [InlineData("address:127.0.0.0/8", true)]
    [Trait("Surface", "S0-8")]
    public async Task Another_user_gets_in_where_the_rule_says_so(string rule, bool admitted)
    {
        if (!OtherUser.IsPossible)
            return;
        using PeerProcess other = PeerProcess.Script("say('ready')\n" + Attempt, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
        Assert.Equal("ready", await other.HearAsync());
        rule = rule switch
        {
            "exe" => "exe:" + ProgramFile.PathOf(other.Pid),
            "pid" => string.Create(CultureInfo.InvariantCulture, $"pid:{other.Pid}"),
            _ => rule,
        };
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(rule, _events);
        Assert.Equal(admitted ? "admitted" : "reset", await other.TryAsync("127.0.0.1", tunnel.Port));
        if (!admitted)
        {
            PeerIdentity? peer = (await _events.NextAsync<ConnectionRefused>()).Peer;
            Assert.Equal((OtherUser.Uid, other.Pid), (peer!.Uid, peer.Pid));
            Assert.Contains("/python", peer.Executable, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("root", "root", true)]
    [InlineData("nobody", "root", false)]
    [InlineData("nobody", "nogroup", true)]
    public void The_user_database_knows_names_and_members(string user, string group, bool member)
    {
        uint? uid = UserDatabase.UserId(user);
        uint? gid = UserDatabase.GroupId(group);
        string[] passwd = File.ReadLines("/etc/passwd").Select(static line => line.Split(':')).First(fields => fields[0] == user);
        string[] groups = File.ReadLines("/etc/group").Select(static line => line.Split(':')).First(fields => fields[0] == group);
        Assert.Equal((passwd[2], groups[2]), (uid.ToString(), gid.ToString()));
        Assert.Equal(member, UserDatabase.IsMember(uid!.Value, gid!.Value));
        Assert.Null(UserDatabase.UserId("no such user"));
        Assert.False(UserDatabase.IsMember(4_000_000_001, 0));
    }

    [Theory]
    [InlineData("address:127.0.0.2", "127.0.0.2", "admitted")]
    [InlineData("address:127.0.0.2", "127.0.0.1", "reset")]
    [InlineData("address:10.0.0.0/8,127.0.0.0/30", "127.0.0.3", "admitted")]
    [InlineData("address:127.0.0.0/30", "127.0.0.4", "reset")]
    [InlineData("address:::/0", "127.0.0.1", "reset")]
    public async Task An_address_is_where_a_connection_comes_from(string rule, string from, string outcome)
    {
        using PeerProcess peer = PeerProcess.Script(
            "s = make('127.0.0.1')\ns.bind((hear(), 0))\njoin(s, *target())\nsay(use(s))");
        await using EchoTunnel tunnel = await EchoTunnel.StartAsync(rule, bind: "127.0.0.1");
        await peer.TellAsync(from);
        Assert.Equal(outcome, await peer.TryAsync("127.0.0.1", tunnel.Port));
    }

    [Fact]
    public async Task Beyond_loopback_only_an_address_or_any_lets_a_peer_in()
    {
        IPAddress? address = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static network => network.GetIPProperties().UnicastAddresses)
            .Select(static unicast => unicast.Address)
            .FirstOrDefault(static own => own.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(own));
        if (address is null)
            return;
        foreach ((string rule, string outcome) in new[]
        {
            ("same-user or self", "reset"), ("same-user or address:127.0.0.0/8", "reset"), ($"self or address:{address}", "admitted"), ("any", "admitted"),
        })
        {
            using PeerProcess peer = PeerProcess.Script(Attempt);
            RecordedEvents events = new();
            await using EchoTunnel tunnel = await EchoTunnel.StartAsync(rule, events, bind: address.ToString());
            Assert.Equal(outcome, await peer.TryAsync(address.ToString(), tunnel.Port));
            if (outcome == "reset")
                Assert.EndsWith("; a peer outside loopback is admitted by address alone", (await events.NextAsync<ConnectionRefused>()).Refusal.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_connection_that_is_no_socket_of_this_machine_is_let_in_by_any_alone()
    {
        FakeIncoming incoming = new(null, gone: false);
        Admission everything = Admission.Of(AdmissionRule.Parse("same-user or self or address:0.0.0.0/0,::/0 or user:0"));
        Assert.False((await everything.AdmitAsync(new(incoming, null), default)).IsAdmitted);
        Assert.True((await Admission.Of(AdmissionRule.Any).AdmitAsync(new(incoming, null), default)).IsAdmitted);
    }

    [Fact]
    public void The_status_of_a_process_is_read_whatever_the_process_calls_itself()
    {
        const string Line = "42 (a) R 1 (b) S 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30";
        Assert.Equal(new ProcessStatus(42, 7, 9, 25, HasEnded: false), ProcessStatus.Parse(42, Encoding.UTF8.GetBytes(Line)));
        int needed = Line.IndexOf("25 ", StringComparison.Ordinal) + 3;
        for (int length = 0; length < needed; length++)
            Assert.Null(ProcessStatus.Parse(42, Encoding.UTF8.GetBytes(Line[..length])));
        foreach (string damage in (string[])[" 7 ", " 9 ", " 25 "])
            Assert.Null(ProcessStatus.Parse(42, Encoding.UTF8.GetBytes(Line.Replace(damage, damage.TrimEnd() + "x ", StringComparison.Ordinal))));
        ProcessStatus own = ProcessStatus.Look(Environment.ProcessId)!.Value;
        Assert.Contains(own, ProcessStatus.LookAtAll());
    }
}
