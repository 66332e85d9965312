using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh.Kex;

namespace Adit.Tests.OpenSsh;

/// <summary>Compares what we read in a folder of configuration files with what <c>ssh -G</c> reads in them.</summary>
public sealed class SshConfigAgainstSshTests
{
    private static readonly string Folder = Path.Join(AppContext.BaseDirectory, "OpenSsh", "configs");

    // ssh takes the home directory from the account; so does this test.
    private static readonly LocalUser Account = LocalUser.Current() with { Home = HomeOfAccount() };

    public static TheoryData<string, string> FilesAndAliases()
    {
        TheoryData<string, string> data = [];
        foreach (string file in Directory.GetFiles(Folder).Order(StringComparer.Ordinal))
        {
            foreach (string alias in File.ReadLines(file).First()["# aliases: ".Length..].Split(' '))
                data.Add(Path.GetFileName(file), alias);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(FilesAndAliases))]
    public async Task The_same_is_read_as_by_ssh(string file, string alias)
    {
        string path = Path.Join(Folder, file);
        ILookup<string, string> theirs = await AskSsh("-TF", path, "-G", alias);
        AssertSame(theirs, SshConfig.Resolve(alias, [], path, Account));
    }

    [Fact]
    public async Task Included_files_are_read_as_by_ssh()
    {
        using TemporaryFolder folder = new();
        folder.Write("d/20", "Port 2220\nHost inner\n  User inside\n");
        folder.Write("d/10", "Host other\n  Port 2210\n");
        folder.Write("d/.hidden", "Port 1\n");
        folder.Write("loop", "Host *\n  ConnectionAttempts 7\n");
        string config = folder.Write(
            "config", $"Host inner\n Include {folder.Path}/d/[0-9]* {folder.Path}/nothing\n User after\nHost other\n Include \"{folder.Path}/lo?p\"\n User o\n");
        foreach (string alias in (string[])["inner", "other", "third"])
            AssertSame(await AskSsh("-TF", config, "-G", alias), SshConfig.Resolve(alias, [], config, Account));
    }

    private static void AssertSame(ILookup<string, string> theirs, HostConfig ours)
    {
        Dictionary<string, string[]> mine = Print(ours);
        foreach ((string keyword, string[] values) in mine)
            Assert.Equal($"{keyword}: {Join(theirs[keyword].Select(value => Normal(keyword, value)).Where(value => value.Length > 0))}", $"{keyword}: {Join(values)}");
        AlgorithmPreferences all = AlgorithmPreferences.Default;
        AssertSameAlgorithms(theirs, "ciphers", ours.Algorithms.Ciphers, all.Ciphers);
        AssertSameAlgorithms(theirs, "macs", ours.Algorithms.Macs, all.Macs);
        AssertSameAlgorithms(theirs, "kexalgorithms", ours.Algorithms.Kex, all.Kex);
        AssertSameAlgorithms(theirs, "hostkeyalgorithms", ours.Algorithms.HostKeys, all.HostKeys);
        AssertSameAlgorithms(theirs, "pubkeyacceptedalgorithms", ours.PubkeyAcceptedAlgorithms, all.HostKeys);
        AssertSameAlgorithms(theirs, "casignaturealgorithms", ours.CaSignatureAlgorithms, all.HostKeys);
    }

    /// <summary>Which ones, not their order: the default orders differ on purpose. An ssh before 9.9 has no ML-KEM.</summary>
    private static void AssertSameAlgorithms(ILookup<string, string> theirs, string keyword, IEnumerable<string> ours, IEnumerable<string> served)
    {
        IEnumerable<string> common = theirs[keyword].Single().Split(',').Intersect(served, StringComparer.Ordinal).Order(StringComparer.Ordinal);
        Assert.Equal(
            $"{keyword}: {Join(common.Where(name => !IsNew(name)))}", $"{keyword}: {Join(ours.Where(name => !IsNew(name)).Order(StringComparer.Ordinal))}");

        static bool IsNew(string name) => name.StartsWith("mlkem", StringComparison.Ordinal);
    }

    private static Dictionary<string, string[]> Print(HostConfig config) => new(StringComparer.Ordinal)
    {
        ["hostname"] = [config.HostName],
        ["port"] = [Number(config.Port)],
        ["user"] = [config.User],
        ["hostkeyalias"] = config.HostKeyAlias is { } alias ? [alias] : [],
        ["addressfamily"] = [config.AddressFamily switch { AddressFamily.InterNetwork => "inet", AddressFamily.InterNetworkV6 => "inet6", _ => "any" }],
        ["batchmode"] = [YesNo(config.BatchMode)],
        ["bindaddress"] = config.BindAddress is { } bind ? [bind] : [],
        ["connectionattempts"] = [Number(config.ConnectionAttempts)],
        ["connecttimeout"] = [config.ConnectTimeout is { } timeout ? Number((long)timeout.TotalSeconds) : "none"],
        ["exitonforwardfailure"] = [YesNo(config.ExitOnForwardFailure)],
        ["gatewayports"] = [YesNo(config.GatewayPorts)],
        ["globalknownhostsfile"] = [Join(config.GlobalKnownHostsFiles, " ")],
        ["hashknownhosts"] = [YesNo(config.HashKnownHosts)],
        ["identitiesonly"] = [YesNo(config.IdentitiesOnly)],
        ["identityfile"] = [.. config.IdentityFiles.Select(file => file.Value)],
        ["certificatefile"] = [.. config.CertificateFiles.Select(file => file.Value)],
        ["localforward"] = [.. config.LocalForwards.Select(forward => Forward(forward.Value))],
        ["loglevel"] = [config.LogLevel.ToString().ToUpperInvariant()],
        ["numberofpasswordprompts"] = [Number(config.NumberOfPasswordPrompts)],
        ["requiredrsasize"] = [Number(config.RequiredRsaSize)],
        ["serveralivecountmax"] = [Number(config.ServerAliveCountMax)],
        ["serveraliveinterval"] = [Number((long)config.ServerAliveInterval.TotalSeconds)],
        ["sessiontype"] = [config.SessionType.ToString().ToLowerInvariant()],
        ["stricthostkeychecking"] =
            [config.StrictHostKeyChecking switch { HostKeyChecking.AcceptNew => "accept-new", HostKeyChecking.Ask => "ask", HostKeyChecking.Yes => "yes", _ => "no" }],
        ["tcpkeepalive"] = [YesNo(config.TcpKeepAlive)],
        ["userknownhostsfile"] = config.UserKnownHostsFiles is [] ? [] : [Join(config.UserKnownHostsFiles, " ")],
    };

    /// <summary>ssh prints most values as they were written, some names by older words, and keys of kinds that we do not serve.</summary>
    private static string Normal(string keyword, string value) => (keyword, value) switch
    {
        ("identityfile", "none") => "",
        ("identityfile", _) when value.EndsWith("_sk", StringComparison.Ordinal) || value is "~/.ssh/id_xmss" or "~/.ssh/id_dsa" => "",
        ("identityfile", ['~', ..]) => Account.Home + value[1..],
        ("userknownhostsfile", "none") => "",
        ("loglevel", "DEBUG") => "DEBUG1",
        ("loglevel", "SILENT") => "QUIET",
        ("connecttimeout", "0") => "none",
        (_, "true") => "yes",
        (_, "false") => "no",
        _ => value,
    };

    private static string Forward(ForwardSpec forward)
    {
        string listen = forward.Listen.Path
            ?? (forward.Listen.BindAddress is { } bind ? $"[{bind}]:{Number(forward.Listen.Port)}" : Number(forward.Listen.Port));
        return forward.Target is { IsUnix: false } target ? $"{listen} [{target.Host}]:{Number(target.Port)}" : $"{listen} {forward.Target}";
    }

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Join(IEnumerable<string> values, string separator = " | ") => string.Join(separator, values);

    private static string HomeOfAccount() =>
        File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(fields => fields[0] == Environment.UserName)?[5]
        ?? LocalUser.Current().Home;

    private static async Task<ILookup<string, string>> AskSsh(params string[] arguments)
    {
        ProcessStartInfo start = new("ssh", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process ssh = Process.Start(start)!;
        Task<string> errors = ssh.StandardError.ReadToEndAsync();
        string output = await ssh.StandardOutput.ReadToEndAsync();
        await ssh.WaitForExitAsync();
        Assert.True(ssh.ExitCode == 0, await errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2))
            .ToLookup(words => words[0], words => words.ElementAtOrDefault(1) ?? "", StringComparer.Ordinal);
    }
}
