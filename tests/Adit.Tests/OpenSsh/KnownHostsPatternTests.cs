using System.Globalization;
using System.Text.RegularExpressions;
using Adit.OpenSsh;

namespace Adit.Tests.OpenSsh;

/// <summary>Which lines are about a host, compared with what the real ssh-keygen -F finds.</summary>
[Trait("Surface", "S1-10")]
public sealed partial class KnownHostsPatternTests(HostKeys keys) : IClassFixture<HostKeys>
{
    private const int Lines = 400;

    private static readonly string[] Pieces = ["a", "b", "B", ".", "*", "?", "!", ",", "[", "]:9", "\\", "-", "|"];

    [Theory]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData("b.a")]
    [InlineData("abba")]
    [InlineData("a-b.ab")]
    [InlineData("[a]:9")]
    [InlineData("[ab.b]:9")]
    [InlineData("b]:9")]
    public void The_same_lines_match_as_for_ssh_keygen(string name)
    {
        var random = new Random(20);
        string[] hosts = [.. Enumerable.Range(0, Lines).Select(_ => RandomHosts(random))];
        string path = keys.Write([.. hosts.Select(static text => text + " {ed}")]);

        string found = HostKeys.Keygen("-F", name, "-f", path).Output;
        int[] theirs = [.. FoundLine().Matches(found).Select(static match => int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture))];
        int[] ours = [.. Enumerable.Range(1, Lines).Where(number => Matches(keys.Fill(hosts[number - 1] + " {ed}"), name))];

        Assert.NotEmpty(theirs);
        Assert.Equal(theirs, ours);
    }

    private static bool Matches(string line, string name)
    {
        try
        {
            return KnownHostsLine.Parse(line, "test")?.Matches(name) is true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static string RandomHosts(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(1, 7)).Select(_ => Pieces[random.Next(Pieces.Length)]));

    [GeneratedRegex("found: line (?<number>[0-9]+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex FoundLine();
}
