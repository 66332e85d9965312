using System.Globalization;
using System.Net;
using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>The options in front of a key, and those of certificates that the real ssh-keygen made.</summary>
[Trait("Surface", "S1-21")]
public sealed class KeyOptionsTests(UserKeys keys) : IClassFixture<UserKeys>
{
    private static readonly IPAddress Here = IPAddress.Parse("10.0.0.1");

    [Theory]
    [InlineData("", "port agent x11 pty rc")]
    [InlineData("restrict", "")]
    [InlineData("RESTRICT,Port-Forwarding", "port")]
    [InlineData("port-forwarding,restrict", "")]
    [InlineData("restrict,pty,agent-forwarding,X11-forwarding,user-rc", "agent x11 pty rc")]
    [InlineData("no-pty,No-Port-Forwarding", "agent x11 rc")]
    [InlineData("no-agent-forwarding,no-x11-forwarding,no-user-rc", "port pty")]
    [InlineData("no-pty,pty", "port agent x11 pty rc")]
    public void Flags_take_effect_in_their_order(string text, string permitted) => Assert.Equal(permitted, Permitted(KeyOptions.Parse(text)));

    [Fact]
    public void Every_option_is_read()
    {
        KeyOptions options = KeyOptions.Parse(
            """
            cert-authority,from="10.*,!10.0.0.2",command="echo \"a, b\" \n",principals="alice,ops",environment="A=1",ENVIRONMENT="B_2=x=y",environment="A=2",tunnel="07",permitopen="db:5432",permitopen="[::1]:*",permitopen="*:080",permitlisten="8080",permitlisten="localhost:*",permitlisten="[fe80::1]:1",no-touch-required,no-verify-required,expiry-time="20300102Z"
            """.Trim());
        Assert.True(options.CertAuthority);
        Assert.Equal("10.*,!10.0.0.2", options.From?.Text);
        Assert.Equal("""echo "a, b" \n""", options.Command);
        Assert.Equal(["alice", "ops"], options.Principals.ToArray());
        Assert.Equal([new("A", "1"), new("B_2", "x=y")], options.Environment.ToArray());
        Assert.Equal("7", options.Tunnel);
        Assert.Equal(["db:5432", "[::1]:*", "*:80"], options.PermitOpen.ToArray());
        Assert.Equal(["*:8080", "localhost:*", "[fe80::1]:1"], options.PermitListen.ToArray());
        Assert.True(options.NoTouchRequired);
        Assert.Equal(new DateTimeOffset(2030, 1, 2, 0, 0, 0, TimeSpan.Zero), options.Expiry);
    }

    [Theory]
    [InlineData("no-such-option", "no-such-option")]
    [InlineData("nologin=\"x\"", "nologin")]
    [InlineData("pty=\"x\"", "pty")]
    [InlineData("no-restrict", "no-restrict")]
    [InlineData("no-cert-authority", "no-cert-authority")]
    [InlineData("command", "command")]
    [InlineData("command=ls", "quotes")]
    [InlineData("command=", "quotes")]
    [InlineData("command=\"ls", "not closed")]
    [InlineData("command=\"ls\\\"", "not closed")]
    [InlineData("command=\"ls\"pty", "comma")]
    [InlineData("command=\"a\",command=\"b\"", "more than once")]
    [InlineData("from=\"*\",from=\"*\"", "more than once")]
    [InlineData("cert-authority,principals=\"a\",principals=\"b\"", "more than once")]
    [InlineData("cert-authority,principals=\"\"", "principals=")]
    [InlineData("cert-authority,principals=\"a,,b\"", "principals=")]
    [InlineData("principals=\"a\"", "cert-authority")]
    [InlineData("from=\"\"", "empty")]
    [InlineData("from=\"10.0.0.1/8\"", "10.0.0.1/8")]
    [InlineData("pty,", "comma")]
    [InlineData(",pty", "empty")]
    [InlineData("pty,,restrict", "empty")]
    [InlineData("pty restrict", "comma")]
    [InlineData("verify-required", "security key")]
    [InlineData("no-verify-required,verify-required", "security key")]
    [InlineData("environment=\"A\"", "environment")]
    [InlineData("environment=\"=x\"", "environment")]
    [InlineData("environment=\"LD-PRELOAD=x\"", "environment")]
    [InlineData("tunnel=\"-1\"", "tunnel")]
    [InlineData("tunnel=\"2147483646\"", "tunnel")]
    [InlineData("permitopen=\"db\"", "host:port")]
    [InlineData("permitopen=\"5432\"", "host:port")]
    [InlineData("permitopen=\":5432\"", "host:port")]
    [InlineData("permitopen=\"::1:5432\"", "host:port")]
    [InlineData("permitopen=\"[::1]5432\"", "host:port")]
    [InlineData("permitopen=\"db:0\"", "port")]
    [InlineData("permitopen=\"db:65536\"", "port")]
    [InlineData("permitopen=\"db:postgresql\"", "port")]
    [InlineData("permitopen=\"none\"", "host:port")]
    [InlineData("permitlisten=\"none\"", "port")]
    [InlineData("permitlisten=\"0\"", "port")]
    [InlineData("permitlisten=\"localhost:\"", "port")]
    [InlineData("command=\"a\uFFFD\"", "UTF-8")]
    public void What_cannot_be_understood_is_refused_with_the_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => KeyOptions.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Options_have_a_limit() => Assert.Throws<FormatException>(() => KeyOptions.Parse($"command=\"{new string('x', 8192)}\""));

    [Theory]
    [InlineData("20300102", "20300102")]
    [InlineData("20300102Z", "20300102Z")]
    [InlineData("203001020304", "203001020304")]
    [InlineData("203001020304Z", "203001020304z")]
    [InlineData("20300102030405", "20300102030405")]
    [InlineData("20300102030405Z", "20300102030405UTC")]
    public void An_expiry_time_is_the_moment_that_ssh_keygen_takes_it_for(string theirs, string ours) =>
        Assert.Equal(
            (long)keys.Certify("ca", "-V", $"20200101:{theirs}").Certificate!.ValidBefore,
            KeyOptions.Parse($"expiry-time=\"{ours}\"").Expiry?.ToUnixTimeSeconds());

    [Theory]
    [InlineData("")]
    [InlineData("Z")]
    [InlineData("2030")]
    [InlineData("2030010203")]
    [InlineData("20301302")]
    [InlineData("20300230")]
    [InlineData("203001022400")]
    [InlineData("20300102T0304")]
    [InlineData("20300102+01")]
    [InlineData(" 20300102")]
    [InlineData("00010101")]
    [InlineData("99991231235959")]
    [InlineData("+1d")]
    public void What_is_no_time_is_no_expiry_time(string text)
    {
        // East and west of Greenwich, so that the first and the last day fall out of the calendar too.
        int refused = new[] { 14, -12 }.Count(hours =>
            Record.Exception(() => ExpiryTime.Parse(text, TimeZoneInfo.CreateCustomTimeZone("z", TimeSpan.FromHours(hours), "z", "z"))) is FormatException);
        Assert.Equal(text is "00010101" or "99991231235959" ? 1 : 2, refused);
    }

    [Fact]
    public void A_time_without_Z_is_a_time_of_the_zone()
    {
        TimeZoneInfo zone = TimeZoneInfo.CreateCustomTimeZone("z", TimeSpan.FromHours(5.5), "z", "z");
        Assert.Equal(new DateTimeOffset(2030, 1, 1, 18, 30, 0, TimeSpan.Zero), ExpiryTime.Parse("20300102", zone));
        Assert.Equal(new DateTimeOffset(2030, 1, 2, 0, 0, 0, TimeSpan.Zero), ExpiryTime.Parse("20300102Z", zone));
    }

    [Fact]
    public void Of_a_time_that_the_clocks_show_twice_the_first_is_meant()
    {
        var rule = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
            DateTime.MinValue, DateTime.MaxValue.Date, TimeSpan.FromHours(1),
            TimeZoneInfo.TransitionTime.CreateFixedDateRule(new(1, 1, 1, 2, 0, 0), 3, 31),
            TimeZoneInfo.TransitionTime.CreateFixedDateRule(new(1, 1, 1, 3, 0, 0), 10, 31));
        TimeZoneInfo zone = TimeZoneInfo.CreateCustomTimeZone("z", TimeSpan.FromHours(1), "z", "z", "z", [rule]);
        Assert.Equal(new DateTimeOffset(2030, 10, 31, 0, 30, 0, TimeSpan.Zero), ExpiryTime.Parse("203010310230", zone));
        Assert.Equal(new DateTimeOffset(2030, 10, 31, 2, 30, 0, TimeSpan.Zero), ExpiryTime.Parse("203010310330", zone));
    }

    [Fact]
    public void The_earliest_of_several_expiry_times_counts_and_from_that_moment_nothing_is_permitted()
    {
        KeyOptions options = KeyOptions.Parse("expiry-time=\"20310101Z\",expiry-time=\"20300101Z\",expiry-time=\"20320101Z\"");
        DateTimeOffset end = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Null(options.Refusal(Here, end.AddTicks(-1)));
        Assert.Equal("it expired at 2030-01-01 00:00:00Z", options.Refusal(Here, end));
    }

    [Fact]
    public void A_connection_from_elsewhere_is_refused_with_both_places()
    {
        KeyOptions options = KeyOptions.Parse("from=\"10.*,!10.0.0.2\"");
        Assert.Null(options.Refusal(Here, UserKeys.Now));
        Assert.Equal(
            "the address 10.0.0.2 may not use it (from=10.*,!10.0.0.2)", options.Refusal(IPAddress.Parse("10.0.0.2"), UserKeys.Now));
    }

    [Fact]
    public void A_certificate_permits_what_its_extensions_say()
    {
        Assert.Equal("port agent x11 pty rc", Permitted(FromCertificate()));
        Assert.Equal(string.Empty, Permitted(FromCertificate("-O", "clear")));
        Assert.Equal("port", Permitted(FromCertificate("-O", "clear", "-O", "permit-port-forwarding", "-O", "extension:what@example.com=x")));
        Assert.True(FromCertificate("-O", "no-touch-required").NoTouchRequired);
    }

    [Fact]
    public void A_certificate_forces_a_command_and_a_source()
    {
        KeyOptions options = FromCertificate("-O", "force-command=ls -l", "-O", "source-address=10.0.0.0/8,2001:db8::/32");
        Assert.Equal("ls -l", options.Command);
        Assert.Null(options.Refusal(Here, UserKeys.Now));
        Assert.NotNull(options.Refusal(IPAddress.Parse("11.0.0.1"), UserKeys.Now));
    }

    [Theory]
    [InlineData("critical:what@example.com=x", "what@example.com")]
    [InlineData("critical:permit-pty", "permit-pty")]
    [InlineData("critical:source-address=10.*", "10.*")]
    [InlineData("critical:source-address", "malformed")]
    [InlineData("critical:force-command", "malformed")]
    [InlineData("verify-required", "security key")]
    [InlineData("extension:permit-pty=x", "permit-pty")]
    public void A_certificate_with_options_that_are_not_understood_is_refused(string option, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => FromCertificate("-O", "clear", "-O", option)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_certificate_of_a_host_is_refused() => Assert.Throws<FormatException>(() => FromCertificate("-h"));

    [Fact]
    public void A_merge_permits_what_both_permit()
    {
        KeyOptions merged = Merge("cert-authority,principals=\"a\",no-pty,no-touch-required", "no-user-rc,no-touch-required");
        Assert.Equal("port agent x11", Permitted(merged));
        Assert.False(merged.CertAuthority);
        Assert.Empty(merged.Principals);
        Assert.True(merged.NoTouchRequired);
        Assert.False(Merge("no-touch-required", "").NoTouchRequired);
        Assert.False(Merge("", "no-touch-required").NoTouchRequired);
    }

    [Theory]
    [InlineData("command=\"a\"", "", "a")]
    [InlineData("", "command=\"a\"", "a")]
    [InlineData("command=\"a\"", "command=\"a\"", "a")]
    [InlineData("", "", null)]
    [InlineData("command=\"\"", "", "")]
    public void A_merge_keeps_a_forced_command(string one, string other, string? expected) => Assert.Equal(expected, Merge(one, other).Command);

    [Fact]
    public void A_merge_of_different_commands_is_refused()
    {
        Assert.Throws<FormatException>(() => Merge("command=\"a\"", "command=\"b\""));
        Assert.Throws<FormatException>(() => Merge("command=\"\"", "command=\"b\""));
    }

    [Fact]
    public void A_merge_holds_both_to_their_addresses_and_the_earlier_expiry()
    {
        KeyOptions merged = Merge("from=\"10.*\",expiry-time=\"20310101Z\"", "from=\"*.1,*.2\",expiry-time=\"20300101Z\"");
        Assert.Null(merged.Refusal(Here, UserKeys.Now));
        Assert.NotNull(merged.Refusal(IPAddress.Parse("10.0.0.3"), UserKeys.Now));
        Assert.NotNull(merged.Refusal(IPAddress.Parse("11.0.0.1"), UserKeys.Now));
        Assert.Equal(2030, merged.Expiry?.Year);
        Assert.Equal(2030, Merge("expiry-time=\"20300101Z\"", "expiry-time=\"20310101Z\"").Expiry?.Year);
        Assert.Equal(2030, Merge("expiry-time=\"20300101Z\"", "").Expiry?.Year);
        Assert.Equal(2030, Merge("", "expiry-time=\"20300101Z\"").Expiry?.Year);
        Assert.Equal("10.*", Merge("from=\"10.*\"", "").From?.Text);
        Assert.Equal("10.*", Merge("", "from=\"10.*\"").From?.Text);
    }

    [Theory]
    [InlineData("a:1 b:2", "", "a:1 b:2")]
    [InlineData("", "a:1", "a:1")]
    [InlineData("a:1 b:2", "b:2 c:3", "b:2")]
    [InlineData("a:*", "*:1", "a:1")]
    [InlineData("a:1 a:2", "a:*", "a:1 a:2")]
    [InlineData("*:*", "[::1]:2", "[::1]:2")]
    [InlineData("a:1", "A:1", "none")]
    [InlineData("a?:1", "ab:1", "none")]
    public void A_merge_opens_what_both_lists_allow(string one, string other, string expected)
    {
        Assert.Equal(expected, string.Join(' ', Merge(Permits("permitopen", one), Permits("permitopen", other)).PermitOpen));
        Assert.Equal(expected, string.Join(' ', Merge(Permits("permitopen", other), Permits("permitopen", one)).PermitOpen));
    }

    [Theory]
    [InlineData("8080", "localhost:8080", "localhost:8080")]
    [InlineData("local*:*", "localhost:8080 other:8080", "localhost:8080")]
    [InlineData("a?:1", "ab:1", "ab:1")]
    [InlineData("a?:1", "a?:*", "a?:1")]
    [InlineData("a:1", "b:1", "none")]
    public void A_merge_listens_where_both_lists_allow(string one, string other, string expected)
    {
        Assert.Equal(expected, string.Join(' ', Merge(Permits("permitlisten", one), Permits("permitlisten", other)).PermitListen));
        Assert.Equal(expected, string.Join(' ', Merge(Permits("permitlisten", other), Permits("permitlisten", one)).PermitListen));
    }

    [Fact]
    public void A_merge_of_patterns_whose_common_hosts_cannot_be_listed_is_refused() =>
        Assert.Throws<FormatException>(() => Merge("permitlisten=\"a*:1\"", "permitlisten=\"*b:1\""));

    [Fact]
    public void What_a_merge_has_closed_stays_closed()
    {
        KeyOptions closed = Merge("permitopen=\"a:1\"", "permitopen=\"b:1\"");
        Assert.Equal(["none"], KeyOptions.Merge(closed, new()).PermitOpen.ToArray());
        Assert.Equal(["none"], KeyOptions.Merge(KeyOptions.Parse("permitopen=\"*:*\""), closed).PermitOpen.ToArray());
    }

    [Fact]
    public void A_merge_of_long_lists_has_a_limit()
    {
        string hosts = string.Join(',', Enumerable.Range(0, 200).Select(static number => string.Create(CultureInfo.InvariantCulture, $"permitopen=\"h{number}:*\"")));
        string ports = string.Join(',', Enumerable.Range(1, 200).Select(static number => string.Create(CultureInfo.InvariantCulture, $"permitopen=\"*:{number}\"")));
        Assert.Throws<FormatException>(() => Merge(hosts, ports));
    }

    [Fact]
    public void A_merge_prefers_the_environment_and_tunnel_of_the_line()
    {
        KeyOptions merged = Merge("environment=\"A=1\",tunnel=\"1\"", "environment=\"B=1\",tunnel=\"ANY\"");
        Assert.Equal("A", Assert.Single(merged.Environment).Key);
        Assert.Equal("1", merged.Tunnel);
        Assert.Equal("any", Merge("", "tunnel=\"ANY\"").Tunnel);
    }

    private static KeyOptions Merge(string one, string other) => KeyOptions.Merge(KeyOptions.Parse(one), KeyOptions.Parse(other));

    private static string Permits(string option, string list) =>
        string.Join(',', list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(entry => $"{option}=\"{entry}\""));

    private static string Permitted(KeyOptions options) => string.Join(' ', new[]
    {
        options.PermitPortForwarding ? "port" : "",
        options.PermitAgentForwarding ? "agent" : "",
        options.PermitX11Forwarding ? "x11" : "",
        options.PermitPty ? "pty" : "",
        options.PermitUserRc ? "rc" : "",
    }.Where(static name => name.Length > 0));

    private KeyOptions FromCertificate(params string[] options) => KeyOptions.FromCertificate(keys.Certify("ca", options).Certificate!);
}
