using System.Diagnostics;
using Adit.OpenSsh;
using Adit.Ssh.Kex;

namespace Adit.Tests.OpenSsh;

/// <summary>Compares what we read in a folder of configuration files, as -G prints it, with what <c>ssh -G</c> prints.</summary>
public sealed class SshConfigAgainstSshTests
{
    private static readonly string Folder = Path.Join(AppContext.BaseDirectory, "OpenSsh", "configs");

    // ssh takes the home directory from the account; so does this test.
    private static readonly LocalUser Account = LocalUser.Current() with { Home = HomeOfAccount() };

    /// <summary>Lists of algorithms: ours have what we serve, in our order. Compared by <see cref="AssertSameAlgorithms"/>.</summary>
    private static readonly string[] AlgorithmLists =
        ["ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms", "casignaturealgorithms"];

    /// <summary>What ssh prints and has no effect here; we say off, or nothing.</summary>
    private static readonly string[] NotServed =
    [
        "compression", "enablesshkeysign", "forwardagent", "forwardx11", "forwardx11timeout", "forwardx11trusted", "gssapiauthentication",
        "gssapidelegatecredentials", "gssapikexalgorithms", "gssapikeyexchange", "gssapirenewalforcesrekey", "gssapitrustdns",
        "hostbasedacceptedalgorithms", "hostbasedauthentication", "kbdinteractivedevices", "logverbose", "pkcs11provider", "securitykeyprovider", "xauthlocation",
    ];

    /// <summary>What an ssh 9.2 does not know, and Adit's own words.</summary>
    private static readonly string[] Newer =
    [
        "warnweakcrypto", "channeltimeout", "tag", "versionaddendum", "aditadmit", "aditexpect", "aditexpectcert", "aditidletimeout", "aditlifetime",
        "aditmaxconnections", "aditreconnect", "aditreconnectwait", "aditproxy", "adittargettls", "adittargettlsroot", "adittargettlscert",
        "adittargettlskey", "aditviatls", "aditviatlsroot",
    ];

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
    public async Task The_same_is_printed_as_by_ssh(string file, string alias)
    {
        string path = Path.Join(Folder, file);
        AssertSame(await AskSsh("-F", path, "-G", alias), SshConfig.Resolve(alias, [], path, Account));
    }

    [Fact]
    public async Task The_order_is_that_of_ssh()
    {
        string path = Path.Join(Folder, "full.conf");
        string[] theirs = [.. (await AskSsh("-F", path, "-G", "full")).Select(line => line.Key)];
        string[] ours = [.. Parse(EffectiveConfig.Lines(SshConfig.Resolve("full", [], path, Account))).Select(line => line.Key)];
        Assert.Equal(theirs.Intersect(ours, StringComparer.Ordinal), ours.Intersect(theirs, StringComparer.Ordinal));
        Assert.Empty(theirs.Except(ours, StringComparer.Ordinal).Except(NotServed, StringComparer.Ordinal));
        Assert.Empty(ours.Except(theirs, StringComparer.Ordinal).Except(Newer, StringComparer.Ordinal));
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
            AssertSame(await AskSsh("-F", config, "-G", alias), SshConfig.Resolve(alias, [], config, Account));
    }

    private static void AssertSame(ILookup<string, string> theirs, HostConfig config)
    {
        ILookup<string, string> ours = Parse(EffectiveConfig.Lines(config));
        foreach (string keyword in theirs.Concat(ours).Select(line => line.Key).Distinct().Except([.. AlgorithmLists, .. NotServed, .. Newer], StringComparer.Ordinal))
        {
            Assert.Equal(
                $"{keyword}: {string.Join(" | ", theirs[keyword].Select(value => Normal(keyword, value)).Where(value => value.Length > 0 && !IsTwice(keyword, value)))}",
                $"{keyword}: {string.Join(" | ", ours[keyword])}");
        }

        // ssh 9.2 prints a local forward to a socket as a dynamic one besides.
        bool IsTwice(string keyword, string value) =>
            keyword == "dynamicforward" && theirs["localforward"].Any(forward => forward.StartsWith(value + " /", StringComparison.Ordinal));

        AlgorithmPreferences all = AlgorithmPreferences.Default;
        AssertSameAlgorithms(theirs, ours, "ciphers", all.Ciphers);
        AssertSameAlgorithms(theirs, ours, "macs", all.Macs);
        AssertSameAlgorithms(theirs, ours, "kexalgorithms", all.Kex);
        AssertSameAlgorithms(theirs, ours, "hostkeyalgorithms", all.HostKeys);
        AssertSameAlgorithms(theirs, ours, "pubkeyacceptedalgorithms", all.HostKeys);
        AssertSameAlgorithms(theirs, ours, "casignaturealgorithms", all.HostKeys);
    }

    /// <summary>Which ones, not their order: the default orders differ on purpose. An ssh before 9.9 has no ML-KEM.</summary>
    private static void AssertSameAlgorithms(ILookup<string, string> theirs, ILookup<string, string> ours, string keyword, IReadOnlyList<string> served)
    {
        string[] mine = ours[keyword].Single().Split(',');
        Assert.Empty(mine.Except(served, StringComparer.Ordinal));
        Assert.Equal(
            $"{keyword}: {string.Join(',', theirs[keyword].Single().Split(',').Intersect(served, StringComparer.Ordinal).Where(IsOld).Order(StringComparer.Ordinal))}",
            $"{keyword}: {string.Join(',', mine.Where(IsOld).Order(StringComparer.Ordinal))}");

        static bool IsOld(string name) => !name.StartsWith("mlkem", StringComparison.Ordinal);
    }

    /// <summary>
    /// Where a newer ssh prints another value than 9.2, ours is the newer one; keys of kinds that do not exist here are not looked for; and
    /// our limits on keys are finite.
    /// </summary>
    private static string Normal(string keyword, string value) => (keyword, value) switch
    {
        ("identityfile", _) when value.EndsWith("_sk", StringComparison.Ordinal) || value is "~/.ssh/id_xmss" or "~/.ssh/id_dsa" => "",
        ("connecttimeout", "0") => "none",
        ("ipqos", "lowdelay throughput") => "ef none",
        ("rekeylimit", "0 0") => "1073741824 3600",
        ("rekeylimit", _) when value.EndsWith(" 0", StringComparison.Ordinal) => value[..^1] + "3600",
        ("revokedhostkeys", ['~', ..]) => Account.Home + value[1..],
        ("setenv", _) => value.Replace("%n", "full", StringComparison.Ordinal),
        _ => value,
    };

    private static string HomeOfAccount() =>
        File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(fields => fields[0] == Environment.UserName)?[5]
        ?? LocalUser.Current().Home;

    private static ILookup<string, string> Parse(IEnumerable<string> lines) =>
        lines.Select(line => line.Split(' ', 2)).ToLookup(words => words[0], words => words.ElementAtOrDefault(1) ?? "", StringComparer.Ordinal);

    private static async Task<ILookup<string, string>> AskSsh(params string[] arguments)
    {
        ProcessStartInfo start = new("ssh", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process ssh = Process.Start(start)!;
        Task<string> errors = ssh.StandardError.ReadToEndAsync();
        string output = await ssh.StandardOutput.ReadToEndAsync();
        await ssh.WaitForExitAsync();
        Assert.True(ssh.ExitCode == 0, await errors);
        return Parse(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
