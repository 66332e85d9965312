using Adit.Cli.Completion;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Cli.Tests.Completion;

/// <summary>Candidates for the last word of a line, as the scripts of the shells read them.</summary>
public sealed class CompletionTests
{
    private static readonly NearbyNames Names = new(
        static file => file is null ? ["foo", "fancy", "db.example.com", "10.0.0.5"] : ["only-in-" + file], static () => ["4711", "foo"]);

    [Theory]
    [InlineData("s", "ssh stunnel stop")]
    [InlineData("co", "completion")]
    [InlineData("f", "foo fancy")]
    [InlineData("d", "demo doctor db.example.com")]
    [InlineData("ssh f", "foo fancy")]
    [InlineData("ssh d", "db.example.com")]
    [InlineData("-v f", "foo fancy")]
    [InlineData("joe@f", "joe@foo joe@fancy")]
    [InlineData("ssh://joe@f", "ssh://joe@foo ssh://joe@fancy")]
    [InlineData("a@b@f", "a@b@foo a@b@fancy")]
    [InlineData("-J foo,joe@f", "foo,joe@foo foo,joe@fancy")]
    [InlineData("-F x on", "only-in-x")]
    [InlineData("-Fx on", "only-in-x")]
    [InlineData("-NF x on", "only-in-x")]
    [InlineData("-p 22 -F x -vv on", "only-in-x")]
    [InlineData("-- f", "foo fancy")]
    public void A_destination_is_completed_behind_user_scheme_and_options(string line, string candidates) => Check(line, candidates);

    [Theory]
    [InlineData("foo ")]
    [InlineData("foo f")]
    [InlineData("-p ")]
    [InlineData("-l f")]
    [InlineData("foo cat -")]
    [InlineData("-- -")]
    [InlineData("-w")]
    [InlineData("-N1")]
    [InlineData("--nosuch=")]
    [InlineData("-o NoSuch=")]
    [InlineData("-o Port=")]
    [InlineData("-o User=")]
    [InlineData("-D ")]
    [InlineData("ls f")]
    [InlineData("demo --keep ")]
    [InlineData("completion bash ")]
    [InlineData("gateway -p ")]
    [InlineData("tls -fd ")]
    [InlineData("cert server ")]
    [InlineData("cert self x --days ")]
    public void Nothing_is_offered_where_nothing_is_known(string line) => Check(line, "");

    [Theory]
    [InlineData("-L 5432:", "5432:localhost: 5432:foo: 5432:fancy: 5432:db.example.com: 5432:10.0.0.5:")]
    [InlineData("-L 5432:f", "5432:foo: 5432:fancy:")]
    [InlineData("-L 5432:foo:", "5432:foo:5432")]
    [InlineData("-L 127.0.0.1:5432:foo:5", "127.0.0.1:5432:foo:5432")]
    [InlineData("-L [::1]:5432:l", "[::1]:5432:localhost:")]
    [InlineData("-NL5432:l", "-NL5432:localhost:")]
    [InlineData("-R 80:l", "80:localhost:")]
    [InlineData("-W f", "foo: fancy:")]
    [InlineData("-L f", "")]
    [InlineData("-L /run/x", "")]
    [InlineData("run -L f", "foo: fancy:")]
    [InlineData("run -L 5", "")]
    [InlineData("add foo -L 5432:", "5432:localhost:")]
    public void The_host_and_then_the_port_of_a_forward_are_completed(string line, string candidates) => Check(line, candidates);

    [Theory]
    [InlineData("-o Str", "StrictHostKeyChecking= StreamLocalBindMask= StreamLocalBindUnlink=")]
    [InlineData("-o strict", "StrictHostKeyChecking=")]
    [InlineData("-oStrict", "-oStrictHostKeyChecking=")]
    [InlineData("-o StrictHostKeyChecking=", "StrictHostKeyChecking=yes StrictHostKeyChecking=no StrictHostKeyChecking=ask StrictHostKeyChecking=accept-new")]
    [InlineData("-o tcpkeepalive=Y", "tcpkeepalive=yes")]
    [InlineData("-o AddressFamily=i", "AddressFamily=inet AddressFamily=inet6")]
    [InlineData("-o ProxyJump=foo,f", "ProxyJump=foo,foo ProxyJump=foo,fancy")]
    [InlineData("-o MACs=hmac-sha2-512-etm@openssh.com,hmac-sha2-256-", "MACs=hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com")]
    [InlineData("-c +aes128-ctr,chacha", "+aes128-ctr,chacha20-poly1305@openssh.com")]
    [InlineData("-m hmac-sha2-512-", "hmac-sha2-512-etm@openssh.com")]
    [InlineData("-O ch", "check channels")]
    [InlineData("-Q key-s", "key-sig")]
    [InlineData("--target-tls=v", "--target-tls=verify-ca --target-tls=verify-full --target-tls=verify-ca,direct --target-tls=verify-full,direct --target-tls=verify-ca,tls --target-tls=verify-full,tls")]
    [InlineData("--target-tls require,", "require,direct require,tls")]
    [InlineData("--expect ", "postgres none")]
    [InlineData("--admit s", "same-user self")]
    [InlineData("--admit e", "exe:")]
    [InlineData("gateway -o AllowTcp", "AllowTcpForwarding=")]
    [InlineData("gateway -o AllowTcpForwarding=l", "AllowTcpForwarding=local")]
    [InlineData("gateway -ologlevel=V", "-ologlevel=VERBOSE")]
    public void Values_are_those_that_their_readers_take(string line, string candidates) => Check(line, candidates);

    [Theory]
    [InlineData("-i ", 0)]
    [InlineData("-i ~/.ss", 0)]
    [InlineData("-i/etc", 2)]
    [InlineData("-NvF", 0, false)]
    [InlineData("-E x", 0)]
    [InlineData("-S x", 0)]
    [InlineData("-o IdentityFile=x", 13)]
    [InlineData("-o UserKnownHostsFile=", 19)]
    [InlineData("--admit=exe:/u", 12)]
    [InlineData("gateway -f x", 0)]
    [InlineData("gateway -qh ", 0)]
    [InlineData("gateway -o HostKey=/e", 8)]
    [InlineData("tls x", 0)]
    [InlineData("tls --check ", 0)]
    [InlineData("stunnel ", 0)]
    [InlineData("stunnel -c -A ", 0)]
    [InlineData("cert show ", 0)]
    [InlineData("cert ca -o ", 0)]
    [InlineData("cert server x --ca ", 0)]
    [InlineData("doctor ", 0)]
    [InlineData("psql foo -f ", 0)]
    [InlineData("run foo -- pg_dump -f ", 0)]
    public void Files_are_left_to_the_shell(string line, int at, bool isFile = true) => Assert.Equal(isFile ? at : null, Complete(line).FilesFrom);

    [Theory]
    [InlineData("run foo ")]
    [InlineData("run foo -v pg_d")]
    [InlineData("run -L foo:5432 foo -- pg_d")]
    public void The_program_of_a_tunnel_is_left_to_the_shell(string line) => Assert.Equal([":programs"], Complete(line).Lines());

    [Theory]
    [InlineData("gateway --", "--hash --help")]
    [InlineData("gateway -", "-C -D -d -E -e -f -h -i -o -p -q -T -t --hash --help")]
    [InlineData("tls -", "--help --options --check --foreground -fd")]
    [InlineData("stunnel -ver", "-version")]
    [InlineData("ls --", "--json --watch --connections --help")]
    [InlineData("stop --a", "--all")]
    [InlineData("doctor --", "--end --yes --json --help")]
    [InlineData("cert ", "self ca server client revoke show")]
    [InlineData("cert client --", "--ca --ou --uri --days --rsa --force --help")]
    [InlineData("demo ", "--keep --help")]
    [InlineData("completion ", "bash zsh fish --help")]
    [InlineData("add ", "4711 foo")]
    [InlineData("cancel 4", "4711")]
    [InlineData("stop 4711 f", "foo")]
    [InlineData("--ver", "--version")]
    [InlineData("--p", "--proxy=")]
    [InlineData("-Nv", "-Nv")]
    public void Each_command_has_its_own_words(string line, string candidates) => Check(line, candidates);

    [Fact]
    public void All_options_that_are_served_are_offered_and_no_others()
    {
        string[] expected =
        [
            .. SshOption.Table.Where(static option => option.Refusal is null).Select(static option => $"-{option.Letter}"),
            .. LongOption.Table.Select(static option => option.Name + (option.Argument is null ? "" : "=")),
        ];
        Assert.Equal(expected, Complete("-").Words);
        Assert.Equal(expected, Complete("foo -N -").Words);
        Assert.Equal(expected.Except(["-f", "-M", "-O", "-S", "-s", "-t", "-W", "--admit="]), Complete("run -").Words);
    }

    [Fact]
    public void All_commands_are_offered_and_have_an_answer()
    {
        string[] expected = ["add", "cancel", "cert", "completion", "demo", "doctor", "gateway", "ls", "psql", "run", "ssh", "stop", "stunnel", "tls"];
        Assert.Equal(expected, Complete("").Words.Except(Names.Hosts(null)).Order(StringComparer.Ordinal));
        Assert.All(expected, static command => Assert.NotEmpty(Complete($"{command} -").Lines()));
    }

    [Fact]
    public void A_hundred_thousand_names_give_five_hundred_of_those_that_fit()
    {
        var many = Names with { Hosts = static _ => Enumerable.Range(0, 100_000).Select(static i => $"{(i % 2 == 0 ? "even" : "odd")}{i}") };
        IReadOnlyList<string> words = CompletionCommand.Complete(["ssh", "odd"], many).Words;
        Assert.Equal(500, words.Count);
        Assert.All(words, static word => Assert.StartsWith("odd", word, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("a\u001bb")]
    [InlineData(":files 0")]
    [InlineData("")]
    public void A_word_that_a_line_would_break_is_left_out(string word) => Assert.Equal(["good"], new Candidates { Words = [word, "good"] }.Lines());

    [Fact]
    public void Any_words_have_an_answer()
    {
        Gen<string> word = Gen.Elements(
            "", "-", "--", "-o", "-L", "5432:", "5432:a:", "=", ":", "@", ",", "-J", "a@", "-F", "run", "psql", "gateway", "tls", "stunnel", "-fd", "cert", "server", "--ca", "stop",
            "-c", "+", "--target-tls", "--target-tls=", "-o=", "Ciphers=", "-oCiphers=,", "ssh://", "--", "ssh", "-1", "[::1]:", "\u0001", "--=", "-=");
        Prop.ForAll(Arb.From(Gen.ArrayOf(word)), static words => Assert.NotNull(CompletionCommand.Complete(words, Names).Lines().ToArray())).QuickCheckThrowOnFailure();
        Prop.ForAll<string?[]>(static words => Assert.NotNull(CompletionCommand.Complete([.. words.Select(static one => one ?? "")], Names).Lines().ToArray())).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("-fNL 5432:db:5432 joe@db.example.com", "db.example.com")]
    [InlineData("ssh -N foo", "foo")]
    [InlineData("run foo -- psql", "foo")]
    [InlineData("psql -L a:5432 foo -d x", "foo")]
    [InlineData("-N a;b", null)]
    [InlineData("gateway -f x", null)]
    [InlineData("tls x.conf", null)]
    [InlineData("-N", null)]
    public void The_destination_of_a_tunnel_is_known_by_its_command_line(string line, string? destination) =>
        Assert.Equal(destination, OperatingSystem.IsLinux() ? TunnelNames.Destination(line.Split(' ')) : destination);

    [Fact]
    public void The_help_fits_a_screen_and_each_shell_has_its_script()
    {
        string[] lines = HelpText.Completion.Split('\n');
        Assert.InRange(lines.Length, 5, 23);
        Assert.All(lines, static line => Assert.InRange(line.Length, 0, 80));
        Assert.Equal(["bash", "zsh", "fish"], CompletionScript.Shells);
        Assert.All(CompletionScript.Shells, static shell => Assert.Contains("completion words -- ", CompletionScript.Find(shell), StringComparison.Ordinal));
        Assert.Null(CompletionScript.Find("ksh"));
    }

    private static void Check(string line, string candidates) =>
        Assert.Equal(candidates.Split(' ', StringSplitOptions.RemoveEmptyEntries), Complete(line).Lines());

    private static Candidates Complete(string line) => CompletionCommand.Complete(line.Split(' '), Names);
}
