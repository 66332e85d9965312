using System.Net.Security;
using System.Text;
using Adit.Postgres;
using Adit.Relay;
using Adit.StartTls;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Postgres;

public sealed class PostgresOpeningTests
{
    private static readonly byte[] TlsRequest = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    private static readonly byte[] GssRequest = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];
    private static readonly byte[] Cancel = [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 1, 2, 3, 4, 5, 6];
    private static readonly byte[] Startup = [0, 0, 0, 17, 0, 3, 0, 0, (byte)'u', (byte)'s', (byte)'e', (byte)'r', 0, (byte)'j', 0, 0, 0];

    private readonly MemoryDuplex _peer;
    private readonly DuplexStream _stream;

    public PostgresOpeningTests()
    {
        (_peer, MemoryDuplex end) = MemoryDuplex.Pair();
        _stream = new(end);
    }

    [Fact]
    public async Task A_request_for_tls_is_answered_yes_and_tls_begins()
    {
        await _peer.SendAsync(TlsRequest);

        OpeningAnswer answer = await AnswerAsync(new());

        Assert.True(answer.BeginsTls);
        Assert.Equal("S", await HeardAsync());
    }

    [Fact]
    public async Task A_request_for_gssapi_is_answered_no_and_the_same_connection_goes_on()
    {
        await _peer.SendAsync([.. GssRequest]);
        Task<OpeningAnswer> answering = AnswerAsync(new());
        Assert.Equal("N", await HeardAsync());

        await _peer.SendAsync(TlsRequest);

        Assert.True((await answering).BeginsTls);
        Assert.Equal("S", await HeardAsync());
    }

    [Fact]
    public async Task Where_there_is_no_tls_here_a_client_hears_no_and_may_go_on_in_the_clear()
    {
        await _peer.SendAsync(TlsRequest);
        Task<OpeningAnswer> answering = AnswerAsync(new() { OffersTls = false, AdmitsPlaintext = true });
        Assert.Equal("N", await HeardAsync());

        await _peer.SendAsync(Startup);
        OpeningAnswer answer = await answering;

        Assert.False(answer.BeginsTls);
        Assert.Equal(Startup[..8], answer.Read.ToArray());
    }

    [Fact]
    public async Task A_client_in_the_clear_is_told_in_postgresqls_words_that_it_needs_tls()
    {
        await _peer.SendAsync(Startup);

        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => AnswerAsync(new()));

        Assert.Contains("wants no TLS", refused.Message, StringComparison.Ordinal);
        string heard = await HeardAsync();
        Assert.StartsWith("E\0\0\0", heard, StringComparison.Ordinal);
        Assert.Equal(heard.Length - 1, heard[4]);
        Assert.Contains("C28000\0", heard, StringComparison.Ordinal);
        Assert.EndsWith("\0\0", heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_to_cancel_goes_on_in_the_clear_even_where_sessions_need_tls()
    {
        await _peer.SendAsync(Cancel);

        OpeningAnswer answer = await AnswerAsync(new());

        Assert.False(answer.BeginsTls);
        Assert.True(answer.Ends);
        Assert.Equal(Cancel, answer.Read.ToArray());
    }

    [Fact]
    public async Task A_request_to_cancel_needs_tls_where_clients_have_to_show_who_they_are()
    {
        await _peer.SendAsync(Cancel);

        await Assert.ThrowsAsync<OpeningException>(() => AnswerAsync(new() { AdmitsCancel = false }));
    }

    [Fact]
    public async Task Tls_from_the_first_byte_begins_with_that_byte()
    {
        await _peer.SendAsync([22, 3, 1, 0, 5]);

        OpeningAnswer answer = await AnswerAsync(new());

        Assert.True(answer.BeginsTls);
        Assert.Equal([22], answer.Read.ToArray());
    }

    [Theory]
    [InlineData("postgresql", true, true)]
    [InlineData("h2", true, false)]
    [InlineData("", true, false)]
    [InlineData("", false, true)]
    public void Tls_from_the_first_byte_has_to_be_meant_for_postgresql(string alpn, bool isDirect, bool isTaken)
    {
        SslApplicationProtocol agreed = alpn.Length == 0 ? default : new(alpn);
        Exception? refused = Record.Exception(() => new PostgresOpening().CheckProtocol(agreed, isDirect));

        Assert.Equal(isTaken, refused is null);
    }

    public static TheoryData<byte[]> Garbage => new()
    {
        "GET / HTTP/1.1\r\n"u8.ToArray(),
        new byte[] { 0, 0, 0, 8, 0, 2, 0, 0 },
        new byte[] { 0, 0, 0, 8, 0, 3, 0, 0 },
        new byte[] { 0, 0, 0, 15, 0x04, 0xd2, 0x16, 0x2e },
        new byte[] { 0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Anything_else_ends_the_connection_without_an_answer(byte[] sent)
    {
        await _peer.SendAsync(sent);

        OpeningException refused = await Assert.ThrowsAsync<OpeningException>(() => AnswerAsync(new() { AdmitsPlaintext = true }));

        Assert.Contains("not PostgreSQL", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, _peer.Waiting);
    }

    [Fact]
    public async Task The_same_question_is_answered_once()
    {
        await _peer.SendAsync([.. TlsRequest, .. TlsRequest]);

        await Assert.ThrowsAsync<OpeningException>(() => AnswerAsync(new() { OffersTls = false, AdmitsPlaintext = true }));
    }

    [Theory]
    [InlineData("S", null)]
    [InlineData("N", "offers no TLS")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "an SSH server answered")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n", "a web server answered")]
    [InlineData("", "closed the connection")]
    public async Task Of_a_server_tls_is_asked_and_nothing_but_its_consent_is_taken(string says, string? refused)
    {
        await _peer.SendAsync(Encoding.ASCII.GetBytes(says is "S" ? "S" : says), complete: says.Length == 0);

        Task asking = new PostgresOpening().AskAsync(_stream, default).AsTask();

        if (refused is null)
            await asking.TestTime();
        else
            Assert.Contains(refused, (await Assert.ThrowsAsync<OpeningException>(() => asking)).Message, StringComparison.Ordinal);
        Assert.Equal(TlsRequest, (await _peer.ReadAsync(default)).ToArray());
    }

    [Fact]
    public async Task Of_a_server_that_takes_tls_at_once_nothing_is_asked()
    {
        await new PostgresOpening { IsDirect = true }.AskAsync(_stream, default);

        Assert.Equal(0, _peer.Waiting);
    }

    private Task<OpeningAnswer> AnswerAsync(PostgresOpening opening) => opening.AnswerAsync(_stream, default).AsTask().TestTime();

    private async Task<string> HeardAsync() => Encoding.Latin1.GetString((await _peer.ReadAsync(default)).Span);
}
