using System.Net.Sockets;
using System.Text;
using Adit.Relay;
using Adit.Socks;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Socks;

public sealed class SocksListenerTests : IAsyncLifetime
{
    private static readonly byte[] Greeting = [5, 1, 0];
    private static readonly byte[] Chosen = [5, 0];
    private static readonly byte[] Succeeded = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    private static readonly byte[] Granted = [0, 90, 0, 0, 0, 0, 0, 0];

    private readonly FakeListener _listener = new();
    private readonly FakeDialer _dialer = new();
    private readonly RecordedEvents _events = new();
    private readonly ManualTimeProvider _clock = new();
    private Forward? _forward;
    private IncomingConnection? _accepted;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_forward is not null)
            await _forward.DisposeAsync();
    }

    [Fact]
    public async Task A_SOCKS_5_client_reaches_the_name_that_it_asks_for_and_its_bytes_pass()
    {
        FakeIncoming incoming = await ConnectAsync();
        await incoming.Client.SendAsync(Greeting);
        Assert.Equal(Chosen, await incoming.Client.ReadExactlyAsync(2).TestTime());
        await incoming.Client.SendAsync(Request5("db.internal", 5432));
        MemoryDuplex server = await _dialer.NextServerAsync().TestTime();
        Assert.Equal(Succeeded, await incoming.Client.ReadExactlyAsync(10).TestTime());
        ConnectionOpened opened = await _events.NextAsync<ConnectionOpened>();
        Assert.Equal((Endpoint.Parse("db.internal:5432"), incoming.Origin), (opened.Target, opened.Origin));

        await incoming.Client.SendAsync([1, 2, 3], complete: true);
        Assert.Equal([1, 2, 3], await server.ReadToEndAsync().TestTime());
        await server.SendAsync([4, 5], complete: true);
        Assert.Equal([4, 5], await incoming.Client.ReadToEndAsync().TestTime());
        ConnectionClosed closed = await _events.NextAsync<ConnectionClosed>();
        Assert.Equal((RelayEnd.Completed, 3L, 2L), (closed.End, closed.BytesToTarget, closed.BytesFromTarget));
    }

    [Theory]
    [InlineData("0101000101", "1.0.1.1:256")]
    [InlineData("01ffffffff", "255.255.255.255:256")]
    [InlineData("0420010db8000000000000000000000001", "[2001:db8::1]:256")]
    [InlineData("0400000000000000000000ffff7f000001", "127.0.0.1:256")]
    [InlineData("03033a3a31", "[::1]:256")]
    public async Task A_SOCKS_5_client_may_name_an_address(string address, string target)
    {
        FakeIncoming incoming = await ConnectAsync();
        await incoming.Client.SendAsync(Convert.FromHexString($"050100050100{address}0100"));
        byte[] answers = await incoming.Client.ReadExactlyAsync(12).TestTime();
        Assert.Equal([.. Chosen, .. Succeeded], answers);
        Assert.Equal(Endpoint.Parse(target), (await _events.NextAsync<ConnectionOpened>()).Target);
    }

    [Theory]
    [InlineData("04010050c000020100", "192.0.2.1:80")]
    [InlineData("04010050c00002016a6f6500", "192.0.2.1:80")]
    [InlineData("040100500000000000", "0.0.0.0:80")]
    [InlineData("0401005000000001006462", "db:80")]
    [InlineData("04010050000000ff6a6f65006462", "db:80")]
    public async Task A_SOCKS_4_client_names_an_address_or_with_4a_a_name(string request, string target)
    {
        byte[] bytes = Convert.FromHexString(request);
        FakeIncoming incoming = await ConnectAsync();
        await incoming.Client.SendAsync(bytes[^1] == 0 ? bytes : [.. bytes, 0]);
        Assert.Equal(Granted, await incoming.Client.ReadExactlyAsync(8).TestTime());
        Assert.Equal(Endpoint.Parse(target), (await _events.NextAsync<ConnectionOpened>()).Target);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public async Task Bytes_sent_ahead_of_the_answers_are_not_lost(int chunk)
    {
        byte[] data = TestBytes.Of(3000);
        foreach (byte[] request in (byte[][])[[.. Greeting, .. Request5("db", 1)], Request4("db", 1, "joe")])
        {
            FakeIncoming incoming = await ConnectAsync(chunk);
            await incoming.Client.SendAsync([.. request, .. data], complete: true);
            MemoryDuplex server = await _dialer.NextServerAsync().TestTime();
            Assert.Equal(data, await server.ReadToEndAsync().TestTime());
            await server.SendAsync([9], complete: true);
            byte[] answer = await incoming.Client.ReadToEndAsync().TestTime();
            Assert.Equal(request[0] == 5 ? [.. Chosen, .. Succeeded, 9] : [.. Granted, 9], answer);
        }
    }

    [Fact]
    public async Task A_client_that_sent_nothing_ahead_is_relayed_by_its_own_stream()
    {
        FakeIncoming incoming = await AcceptedAsync(Request4("db", 1, ""));
        Assert.Same(incoming.Near, await AnsweredAsync());
        await incoming.Client.SendAsync([1]);
    }

    [Theory]
    [InlineData(DialFailure.Refused, 5)]
    [InlineData(DialFailure.Unreachable, 4)]
    [InlineData(DialFailure.NameNotFound, 4)]
    [InlineData(DialFailure.TimedOut, 6)]
    [InlineData(DialFailure.Prohibited, 2)]
    [InlineData(DialFailure.ConnectionLost, 3)]
    [InlineData(DialFailure.ResourceShortage, 1)]
    [InlineData(DialFailure.Other, 1)]
    public async Task A_client_hears_why_its_target_was_not_reached(DialFailure failure, byte reply)
    {
        Refusal refusal = new(RefusalKind.DialFailed, "the reason", failure);
        FakeIncoming five = await AcceptedAsync([.. Greeting, .. Request5("db", 1)]);
        Assert.Equal([.. Chosen, 5, reply, 0, 1, 0, 0, 0, 0, 0, 0], await RefusedAsync(five, refusal));
        FakeIncoming four = await AcceptedAsync(Request4("db", 1, ""));
        Assert.Equal([0, 91, 0, 0, 0, 0, 0, 0], await RefusedAsync(four, refusal));
    }

    [Fact]
    public async Task A_target_that_the_admission_forbids_is_not_allowed()
    {
        FakeIncoming incoming = await ConnectAsync(admission: new FakeAdmission(static (request, _) =>
            new(request.Target is null ? AdmissionVerdict.Admit() : AdmissionVerdict.Refuse("not there"))));
        await incoming.Client.SendAsync([.. Greeting, .. Request5("db", 1)], complete: true);
        Assert.Equal([.. Chosen, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0], await incoming.Client.ReadToEndAsync().TestTime());
        ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
        Assert.Equal((RefusalKind.NotAdmitted, "not there", Endpoint.Parse("db:1")), (refused.Refusal.Kind, refused.Refusal.Reason, refused.Target));
        Assert.Equal(0, _dialer.Dials);
    }

    [Fact]
    public async Task A_peer_that_is_not_admitted_is_refused_before_a_byte_is_read()
    {
        FakeIncoming incoming = await ConnectAsync(admission: new FakeAdmission(static (_, _) => new(AdmissionVerdict.Refuse("not you"))));
        Assert.Equal("not you", (await incoming.Refused.Task.TestTime()).Reason);
        Assert.True(incoming.Near.IsAborted);
    }

    [Theory]
    [InlineData("050102", "05ff", "insists on logging in")]
    [InlineData("0500", "05ff", "insists on logging in")]
    [InlineData("0501000502000101020304000f", "050005070001000000000000", "SOCKS 5 command 2")]
    [InlineData("0501000503000101020304000f", "050005070001000000000000", "SOCKS 5 command 3")]
    [InlineData("05010005010002ff", "050005080001000000000000", "unknown type 2")]
    [InlineData("0501000401000101020304000f", "050005010001000000000000", "begins with the version 4")]
    [InlineData("05010005010001010203040000", "050005010001000000000000", "0 is not a port")]
    [InlineData("050100050100030000ff", "050005010001000000000000", "names no target")]
    [InlineData("0501000501000302ff41000f", "050005010001000000000000", "not in UTF-8")]
    [InlineData("05010005010003036120620001", "050005010001000000000000", "not a host name")]
    [InlineData("04020050c000020100", "005b000000000000", "SOCKS 4 command 2")]
    [InlineData("040100000101010100", "005b000000000000", "0 is not a port")]
    [InlineData("0401005000000001000000", "005b000000000000", "names no target")]
    [InlineData("0600", "", "its first byte is 0x06")]
    [InlineData("16030100c8010000c4", "", "this is a SOCKS port, the client spoke TLS")]
    public async Task What_is_not_served_is_refused_with_the_reason(string sent, string answer, string reason)
    {
        FakeIncoming incoming = await ConnectAsync();
        await incoming.Client.SendAsync(Convert.FromHexString(sent), complete: true);
        if (answer.Length > 0)
            Assert.Equal(answer, Convert.ToHexStringLower(await incoming.Client.ReadToEndAsync().TestTime()));
        Refusal refusal = (await _events.NextAsync<ConnectionRefused>()).Refusal;
        Assert.Equal(RefusalKind.NoTarget, refusal.Kind);
        Assert.Contains(reason, refusal.Reason, StringComparison.Ordinal);
        Assert.True(incoming.Near.IsDisposed);
        Assert.Equal(answer.Length == 0, incoming.Near.IsAborted);
    }

    [Theory]
    [InlineData("GET http://db/ HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT db:443 HTTP/1.1\r\n\r\n")]
    public async Task A_client_that_speaks_HTTP_is_told_so_in_HTTP(string request)
    {
        FakeIncoming incoming = await ConnectAsync();
        await incoming.Client.SendAsync(Encoding.ASCII.GetBytes(request), complete: true);
        string answer = Encoding.ASCII.GetString(await incoming.Client.ReadToEndAsync().TestTime());
        Assert.StartsWith("HTTP/1.1 501 ", answer, StringComparison.Ordinal);
        string[] parts = answer.Split("\r\n\r\n");
        Assert.Contains($"Content-Length: {parts[1].Length}", parts[0], StringComparison.Ordinal);
        Assert.Equal("this is a SOCKS port, the client spoke HTTP", (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason);
    }

    [Theory]
    [InlineData("04010050c0000201", 512, "user id")]
    [InlineData("040100500000000100", 255, "host name")]
    public async Task A_text_of_SOCKS_4_without_an_end_is_refused_at_its_limit(string head, int limit, string what)
    {
        byte[] begun = [.. Convert.FromHexString(head), .. Enumerable.Repeat((byte)'a', limit)];
        FakeIncoming most = await ConnectAsync();
        await most.Client.SendAsync(begun);
        await Until.Holds(() => most.Near.Waiting == 0);
        await most.Client.SendAsync([0]);
        Assert.Equal(Granted, await most.Client.ReadExactlyAsync(8).TestTime());

        FakeIncoming over = await ConnectAsync();
        await over.Client.SendAsync([.. begun, (byte)'a'], complete: true);
        Assert.Equal([0, 91, 0, 0, 0, 0, 0, 0], await over.Client.ReadToEndAsync().TestTime());
        await _events.NextAsync<ConnectionOpened>();
        Assert.Equal($"the {what} of the client's SOCKS 4 request has more than {limit} bytes", (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("05", false)]
    [InlineData("05010005", true)]
    public async Task A_slow_client_is_refused_when_the_admission_time_is_over(string sent, bool answered)
    {
        FakeIncoming incoming = await ConnectAsync();
        await incoming.Client.SendAsync(Convert.FromHexString(sent));
        if (answered)
            Assert.Equal(Chosen, await incoming.Client.ReadExactlyAsync(2).TestTime());
        await Until.Holds(() => incoming.Near.Waiting == 0 && _clock.ArmedTimers > 0);
        _clock.Advance(TimeSpan.FromSeconds(30));
        if (answered)
        {
            Assert.Equal([5, 1, 0, 1, 0, 0, 0, 0, 0, 0], await incoming.Client.ReadExactlyAsync(10).TestTime());
            await incoming.Client.CompleteWritingAsync(CancellationToken.None);
        }
        Assert.Equal("the peer named no target within 30 s", (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason);
        Assert.True(incoming.Near.IsDisposed);
    }

    [Fact]
    public async Task A_refused_client_that_stays_is_let_go_after_a_while()
    {
        FakeIncoming incoming = await ConnectAsync();
        await incoming.Client.SendAsync([.. Greeting, .. Request5("refused", 1)]);
        Assert.Equal([.. Chosen, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0], await incoming.Client.ReadExactlyAsync(12).TestTime());
        await Until.Holds(() => _clock.ArmedTimers > 0);
        _clock.Advance(TimeSpan.FromSeconds(5));
        await _events.NextAsync<ConnectionRefused>();
        Assert.True(incoming.Near.IsAborted && incoming.Near.IsDisposed);
    }

    [Fact]
    public async Task A_tunnel_that_stops_waits_for_no_client()
    {
        FakeIncoming negotiating = await ConnectAsync();
        await negotiating.Client.SendAsync(Greeting);
        Assert.Equal(Chosen, await negotiating.Client.ReadExactlyAsync(2).TestTime());
        FakeIncoming dialling = await ConnectAsync();
        await dialling.Client.SendAsync([.. Greeting, .. Request5("hang", 1)]);
        await Until.Holds(() => _dialer.Dials == 1);
        await _forward!.StopAsync().TestTime();
        Assert.True(negotiating.Near.IsDisposed && dialling.Near.IsDisposed);
    }

    [Fact]
    public async Task Over_a_socket_the_answer_arrives_even_if_bytes_were_sent_ahead()
    {
        LocalListener local = await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"));
        await using Forward forward = Forward.Start(new SocksListener(local), null, _dialer, new() { Admission = Admission.AnyPeer });
        Socket socket = await LocalListenerTests.ConnectAsync("127.0.0.1", forward.Endpoints[0].Port);
        await using SocketDuplex client = new(socket);
        await client.SendAsync([.. Greeting, .. Request5("refused", 1), .. TestBytes.Of(60_000)], complete: true);
        Assert.Equal([.. Chosen, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0], await client.ReadToEndAsync().TestTime());
    }

    [Fact]
    public async Task Over_a_socket_the_tunnel_keeps_the_socket_itself()
    {
        LocalListener local = await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"));
        await using SocksListener listener = new(local);
        await using SocketDuplex client = new(await LocalListenerTests.ConnectAsync("127.0.0.1", local.Endpoints[0].Port));
        await using IncomingConnection incoming = (await listener.AcceptAsync(CancellationToken.None))!;
        Assert.Equal(incoming.Peer!.Remote!.Port, incoming.Origin.Port);
        await client.SendAsync(Request4("db", 1, "joe"));
        Assert.Equal(Endpoint.Parse("db:1"), await incoming.NameTargetAsync(CancellationToken.None));
        await using Duplex near = await incoming.AcceptAsync(CancellationToken.None);
        Assert.IsType<SocketDuplex>(near);
    }

    internal static byte[] Request5(string host, int port) =>
        [5, 1, 0, 3, (byte)host.Length, .. Encoding.ASCII.GetBytes(host), (byte)(port >> 8), (byte)port];

    internal static byte[] Request4(string host, int port, string user) =>
        [4, 1, (byte)(port >> 8), (byte)port, 0, 0, 0, 1, .. Encoding.ASCII.GetBytes(user), 0, .. Encoding.ASCII.GetBytes(host), 0];

    private async Task<FakeIncoming> ConnectAsync(int chunk = int.MaxValue, Admission? admission = null)
    {
        if (_forward is null)
        {
            _forward = Forward.Start(new SocksListener(_listener), null, _dialer, new()
            {
                Admission = admission ?? Admission.AnyPeer,
                Events = _events,
                TimeProvider = _clock,
            });
            await _events.NextAsync<ListenerOpened>();
        }
        return _listener.Connect(chunk: chunk);
    }

    private async Task<FakeIncoming> AcceptedAsync(byte[] request)
    {
        FakeIncoming incoming = _listener.Connect();
        _accepted = (await new SocksListener(_listener).AcceptAsync(CancellationToken.None))!;
        await incoming.Client.SendAsync(request);
        Assert.Equal(Endpoint.Parse("db:1"), await _accepted.NameTargetAsync(CancellationToken.None));
        return incoming;
    }

    private async Task<Duplex> AnsweredAsync() => await _accepted!.AcceptAsync(CancellationToken.None);

    private async Task<byte[]> RefusedAsync(FakeIncoming incoming, Refusal refusal)
    {
        await incoming.Client.CompleteWritingAsync(CancellationToken.None);
        await _accepted!.RefuseAsync(refusal, CancellationToken.None);
        return await incoming.Client.ReadToEndAsync().TestTime();
    }
}
