using Adit.Cli.Completion;
using Adit.OpenSsh;

namespace Adit.Cli.Tests.Completion;

public sealed class KeywordCompletionTests
{
    // Those of sshd_config(5), which only adit gateway takes.
    private static readonly string[] OfServers = ["local", "remote", "all", "clientspecified", "prohibit-password"];

    [Fact]
    public void Every_usual_word_is_a_value_of_some_keyword() =>
        Assert.All(
            KeywordCompletion.UsualWords.Except(OfServers),
            static word => Assert.Contains(Keywords.Table, keyword => Values(keyword).Contains(word, StringComparer.Ordinal)));

    [Fact]
    public void Every_word_that_is_offered_for_a_keyword_is_one_that_it_takes()
    {
        foreach (Keyword<HostSettings> keyword in Keywords.Table.Where(static keyword => keyword.IsServed))
            Assert.All(Values(keyword).Where(static word => !word.EndsWith(':') && !word.EndsWith('/')), word => Assert.True(keyword.Takes(word), $"{keyword.Name}={word}"));
    }

    [Fact]
    public void Every_keyword_that_is_yes_or_no_offers_both()
    {
        string[] yesNo = [.. Keywords.Table.Where(static keyword => keyword.IsServed && Values(keyword).Contains("yes", StringComparer.Ordinal)).Select(static keyword => keyword.Name)];
        Assert.Contains("BatchMode", yesNo);
        Assert.Contains("ExitOnForwardFailure", yesNo);
        Assert.Contains("AditReconnect", yesNo);
        Assert.DoesNotContain("User", yesNo);
        Assert.DoesNotContain("ConnectTimeout", yesNo);
        Assert.All(yesNo, static name => Assert.Contains("no", Values(Keywords.Find(name)!)));
    }

    [Fact]
    public void A_keyword_without_effect_here_is_not_offered()
    {
        IReadOnlyList<string> offered = KeywordCompletion.Complete("", Served(), static () => []).Words;
        Assert.Contains("AditTargetTls=", offered);
        Assert.DoesNotContain("ForwardX11=", offered);
        Assert.DoesNotContain("VerifyHostKeyDNS=", offered);
        Assert.DoesNotContain("UseRsh=", offered);
    }

    private static IEnumerable<Keyword<HostSettings>> Served() => Keywords.Table.Where(static keyword => keyword.IsServed);

    private static IReadOnlyList<string> Values(Keyword<HostSettings> keyword) => KeywordCompletion.Value(keyword, "", static () => ["foo"]).Words;
}
