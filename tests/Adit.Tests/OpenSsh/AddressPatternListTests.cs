using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Adit.OpenSsh;

namespace Adit.Tests.OpenSsh;

/// <summary>Which addresses are on a list, compared with what the real sshd makes of <c>Match Address</c>.</summary>
[Trait("Surface", "S1-21")]
public sealed class AddressPatternListTests
{
    private static readonly string[] Entries =
    [
        "10.0.0.1", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/23", "10.1.2.128/25", "0.0.0.0/0", "192.0.2.7/32", "10.*", "10.1.?.3", "*.3", "*", "10.1", "0x0a.1.2.3",
        "010.1.2.3", "::1", "2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33", "2001:db8::5/128", "::/0", "2001:db8:*", "2001:*:5", "fe80::/10", "fe80::*", "fe80::1%lo",
        "db.example.com", "*.example.com", "::1.2.3.4", "1:0:2::", "255.255.255.255", "*:?", "ab",
    ];

    private static readonly string[] Addresses =
    [
        "10.0.0.1", "10.1.2.3", "10.1.3.200", "10.1.2.129", "8.1.2.3", "192.0.2.7", "192.0.2.8", "255.255.255.255", "0.0.0.0", "::1", "::", "2001:db8::5", "2001:db8:8000::5",
        "2001:db7:ffff::1", "fe80::1", "fe80::1%lo", "febf::2", "fec0::1", "::1.2.3.4", "1:0:2::", "1:0:0:2::3",
    ];

    [Fact]
    public async Task The_same_addresses_are_on_random_lists_as_for_sshd()
    {
        var random = new Random(3);
        string[] lists = [.. Enumerable.Range(0, 250).Select(_ => RandomList(random))];
        using var folder = new TemporaryFolder();
        string config = await WriteConfig(folder, lists);
        int onSome = 0;
        foreach (string address in Addresses)
        {
            (int exit, string output) = await AskSshd(config, address);
            Assert.True(exit == 0, output);
            string theirs = string.Join(' ', output.Split('\n').Where(static line => line.StartsWith("acceptenv L", StringComparison.Ordinal)).Select(static line => line["acceptenv L".Length..]));
            IPAddress parsed = IPAddress.Parse(address);
            IEnumerable<int> ours = Enumerable.Range(0, lists.Length).Where(number => AddressPatternList.Parse(lists[number]).Contains(parsed));
            Assert.Equal($"{address}: {theirs}", $"{address}: {string.Join(' ', ours)}");
            onSome += theirs.Length > 0 ? 1 : 0;
        }

        Assert.Equal(Addresses.Length, onSome);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.1,")]
    [InlineData(",10.0.0.1")]
    [InlineData("!")]
    [InlineData("10.0.0.1/8")]
    [InlineData("10.0.0.0/33")]
    [InlineData("2001:db8::1/64")]
    [InlineData("*,!192.0.2.1/24")]
    public async Task What_sshd_refuses_is_refused(string list)
    {
        Assert.Throws<FormatException>(() => AddressPatternList.Parse(list));
        using var folder = new TemporaryFolder();
        (int exit, string output) = await AskSshd(await WriteConfig(folder, [list]), "10.0.0.1");
        Assert.True(exit != 0, output);
    }

    [Theory]
    [InlineData("10.0.0.1, 10.0.0.2")]
    [InlineData("!!10.0.0.1")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/abc")]
    [InlineData("2001:db8::/129")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/8/9")]
    [InlineData("10.*/8")]
    [InlineData("db.example.com/24")]
    [InlineData("fe80::1%nosuchzone")]
    [InlineData("fe80::*%1")]
    [InlineData("10.0.0.1\0")]
    public void What_sshd_would_silently_never_fit_is_refused(string list) =>
        Assert.Throws<FormatException>(() => AddressPatternList.Parse(list));

    [Theory]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.*", "::ffff:10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", "10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "11.1.2.3", false)]
    [InlineData("::/0", "::ffff:10.1.2.3", false)]
    [InlineData("*,!::ffff:10.1.2.3", "10.1.2.3", false)]
    public void An_address_that_stands_for_an_ipv4_one_is_that(string list, string address, bool expected) =>
        Assert.Equal(expected, AddressPatternList.Parse(list).Contains(IPAddress.Parse(address)));

    [Fact]
    public void An_exclusion_without_a_zone_holds_in_every_zone() =>
        Assert.False(AddressPatternList.Parse("*,!fe80::/10").Contains(IPAddress.Parse("fe80::1%1")));

    [Fact]
    public void Patterns_are_compared_without_regard_to_case() =>
        Assert.True(AddressPatternList.Parse("2001:DB8:*").Contains(IPAddress.Parse("2001:db8::1")));

    [Fact]
    public void Names_of_hosts_are_kept_in_sight()
    {
        AddressPatternList list = AddressPatternList.Parse("10.*,db,!*.example.com,2001:db8:*,*.cafe,10.0.0.1,host-?,*ab");
        Assert.Equal(["db", "!*.example.com", "*.cafe", "host-?"], list.HostNames.ToArray());
        Assert.Equal("10.*,db,!*.example.com,2001:db8:*,*.cafe,10.0.0.1,host-?,*ab", list.Text);
    }

    [Theory]
    [InlineData("10.0.0.1,192.0.2.0/24,2001:db8::/32", true)]
    [InlineData("10.0.0.1/8", false)]
    [InlineData("10.*", false)]
    [InlineData("!10.0.0.1", false)]
    [InlineData("db", false)]
    [InlineData("fe80::1%1", false)]
    [InlineData("0xa.0.0.1", false)]
    [InlineData("", false)]
    [InlineData("10.0.0.1,,10.0.0.2", false)]
    public void A_list_of_blocks_has_neither_wildcards_nor_exclusions(string list, bool valid)
    {
        if (valid)
            Assert.True(AddressPatternList.ParseCidrOnly(list).Contains(IPAddress.Parse("192.0.2.9")));
        else
            Assert.Throws<FormatException>(() => AddressPatternList.ParseCidrOnly(list));
    }

    [Fact]
    public void Both_of_two_lists_must_hold()
    {
        AddressPatternList both = AddressPatternList.Parse("10.*").And(AddressPatternList.Parse("*.1,*.2")).And(AddressPatternList.Parse("!10.0.0.2,*"));
        Assert.Equal([true, false, false, false], new[] { "10.0.0.1", "10.0.0.2", "11.0.0.1", "10.0.0.3" }.Select(address => both.Contains(IPAddress.Parse(address))));
    }

    [Fact]
    public void Lists_have_limits()
    {
        Assert.True(AddressPatternList.Parse(string.Join(',', Enumerable.Repeat("10.0.0.1", 1024))).Contains(IPAddress.Parse("10.0.0.1")));
        Assert.Throws<FormatException>(() => AddressPatternList.Parse(string.Join(',', Enumerable.Repeat("10.0.0.1", 1025))));
        Assert.Throws<FormatException>(() => AddressPatternList.Parse(new string('*', (16 * 1024) + 1)));
    }

    [Fact]
    public void A_look_allocates_nothing()
    {
        AddressPatternList list = AddressPatternList.Parse("10.*,2001:db8::/32,!10.0.0.2,*:5");
        IPAddress address = IPAddress.Parse("2001:db8::5");
        Assert.True(list.Contains(address));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1000; round++)
            list.Contains(address);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1000);
    }

    private static string RandomList(Random random) =>
        string.Join(',', Enumerable.Range(0, random.Next(1, 5)).Select(_ => (random.Next(4) == 0 ? "!" : "") + Entries[random.Next(Entries.Length)]));

    private static async Task<string> WriteConfig(TemporaryFolder folder, string[] lists)
    {
        string key = Path.Join(folder.Path, "host");
        (int exit, string output) = await Task.Run(() => HostKeys.Keygen("-q", "-t", "ed25519", "-N", "", "-f", key));
        Assert.True(exit == 0, output);
        var config = new StringBuilder($"HostKey {key}\n");
        for (int number = 0; number < lists.Length; number++)
            config.Append(CultureInfo.InvariantCulture, $"Match Address \"{lists[number]}\"\n AcceptEnv L{number}\n");
        return folder.Write("config", config.ToString());
    }

    private static async Task<(int Exit, string Output)> AskSshd(string config, string address)
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/sbin/sshd", ["-T", "-f", config, "-C", $"addr={address},user=nobody,host=h,laddr=127.0.0.1,lport=22"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors);
    }
}
