using Adit.Ssh.Connection;
using Adit.Ssh.Kex;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Connection;

/// <summary>What a client knows of the connection before it logs in, and what the server is told of it.</summary>
public class HostKeyProofTests
{
    public static TheoryData<string> Methods => [.. AlgorithmPreferences.Default.Kex];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task The_key_exchange_is_named_with_whether_a_quantum_computer_could_undo_it(string method)
    {
        HostKeyProof? proof = null;
        await using BothEnds ends = await BothEnds.ConnectAsync(client: options => options with
        {
            Algorithms = options.Algorithms with { Kex = [method] },
            OnHostKeyProved = (given, _) =>
            {
                proof = given;
                return default;
            },
        });
        Assert.Equal((method, method.StartsWith("mlkem", StringComparison.Ordinal)), (proof?.Kex, proof?.IsPostQuantum));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("of h # ~", " of h # ~")]
    public async Task The_identification_has_the_comment_behind_the_version(string? comment, string expected)
    {
        await using BothEnds ends = await BothEnds.ConnectAsync(client: options => options with { Comment = comment });
        Assert.Equal(ends.Client.Info.PeerIdentification + expected, ends.Server.Info.PeerIdentification);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\r\nSSH-2.0-b")]
    [InlineData("\u00e9")]
    public async Task A_comment_that_would_break_the_line_is_an_error_of_the_caller(string comment)
    {
        SshClientOptions options = BothEnds.ClientOptions() with { Comment = comment };
        await Assert.ThrowsAsync<ArgumentException>(() => SshClient.ConnectAsync(new StreamPair().Left, options));
    }

    [Fact]
    public async Task A_comment_has_its_limit()
    {
        string longest = new('x', SshClientOptions.MaxCommentLength);
        await using BothEnds ends = await BothEnds.ConnectAsync(client: options => options with { Comment = longest });
        Assert.EndsWith($" {longest}", ends.Server.Info.PeerIdentification, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => SshClient.ConnectAsync(new StreamPair().Left, BothEnds.ClientOptions() with { Comment = longest + "x" }));
    }
}
