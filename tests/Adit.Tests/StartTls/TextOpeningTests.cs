using System.Text;
using Adit.StartTls;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

/// <summary>What holds for every opening in lines of text that asks a server for TLS.</summary>
/// <typeparam name="TProtocol">The protocol's conversations: the derived class itself.</typeparam>
public abstract class TextOpeningTests<TProtocol>
    where TProtocol : ITextConversations
{
#pragma warning disable CA1000 // xunit looks for data in the class that declares the theory.
    public static TheoryData<string, string> Agreements => TProtocol.Agreements;

    public static TheoryData<string, string> ServerRefusals => TProtocol.ServerRefusals;
#pragma warning restore CA1000

    private protected abstract TlsOpening Opening { get; }

    /// <summary>How messages call the server.</summary>
    private protected abstract string Server { get; }

    /// <summary>The most bytes of a line, its end included.</summary>
    private protected abstract int MaxLine { get; }

    /// <summary>How a greeting begins by which a server takes nobody.</summary>
    private protected abstract string Busy { get; }

    [Theory]
    [MemberData(nameof(Agreements))]
    public async Task A_server_is_asked_for_TLS_and_its_greeting_is_handed_on(string handedOn, string script)
    {
        foreach (int maxRead in (int[])[int.MaxValue, 1])
        {
            TextPeer server = new(maxRead);
            Task<ReadOnlyMemory<byte>> asking = Ask(server);
            await server.PlayAsync(script);
            Assert.Equal(handedOn + "\r\n", Encoding.Latin1.GetString((await asking.TestTime()).Span));
            await server.AssertNothingWasTakenAsync();
            await server.HearNothingMoreAsync();
        }
    }

    [Theory]
    [MemberData(nameof(ServerRefusals))]
    public async Task A_server_that_does_not_agree_is_refused(string why, string script)
    {
        TextPeer server = new();
        Task asking = Ask(server);
        await server.PlayAsync(script);
        await RefusedAsync(why, asking);
        await server.HearNothingMoreAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_line_of_a_server_has_a_limit(int excess)
    {
        TextPeer server = new();
        await server.SayAsync(string.Concat(Busy, new string('x', MaxLine - 2 - Busy.Length + excess), "\r\n"));
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => Ask(server)).TestTime();
        if (excess > 0)
            Assert.Equal($"{Server} sent a line of more than {MaxLine} bytes before TLS began", refused.Message);
        else
            Assert.StartsWith($"{Server} does not take connections: \"{Busy}xx", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.Message.Length < 300);
    }

    [Fact]
    public async Task A_server_that_is_silent_is_waited_for_as_long_as_the_caller_wants()
    {
        using CancellationTokenSource cancel = new();
        Task asking = Opening.AskAsync(new TextPeer().Opening, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking).TestTime();
    }

    private protected static async Task RefusedAsync(string why, Task opening)
    {
        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => opening).TestTime();
        Assert.Equal(why, refused.Message);
    }

    private protected Task<ReadOnlyMemory<byte>> Ask(TextPeer server) => Opening.AskAsync(server.Opening, default).AsTask();
}
