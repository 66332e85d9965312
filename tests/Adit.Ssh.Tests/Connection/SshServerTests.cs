using System.Text;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Connection;

/// <summary>The server's role against the client's, both of this engine.</summary>
public class SshServerTests
{
    public static TheoryData<string> KexNames => [.. AlgorithmPreferences.Default.Kex];

    public static TheoryData<string> CipherNames => [.. AlgorithmPreferences.Default.Ciphers];

    public static TheoryData<string> MacNames => [.. AlgorithmPreferences.Default.Macs];

    public static TheoryData<string> KeyTypes => ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

    [Theory]
    [MemberData(nameof(KexNames))]
    public async Task Every_key_exchange_is_served(string name)
    {
        await using BothEnds ends = await BothEnds.ConnectAsync(client: options => options with { Algorithms = new() { Kex = [name] } });
        Assert.Equal(name, ends.Server.Info.Kex);
        Assert.True(ends.Server.Info.StrictKex);
        Assert.Equal(ends.Client.Info.SessionId.ToArray(), ends.Server.Info.SessionId.ToArray());
    }

    [Theory]
    [MemberData(nameof(CipherNames))]
    public async Task Every_cipher_is_served(string name)
    {
        await using BothEnds ends = await BothEnds.ConnectAsync(client: options => options with { Algorithms = new() { Ciphers = [name] } });
        Assert.Equal((name, name), (ends.Server.Info.CipherToClient, ends.Server.Info.CipherToServer));
    }

    [Theory]
    [MemberData(nameof(MacNames))]
    public async Task Every_MAC_is_served(string name)
    {
        await using BothEnds ends = await BothEnds.ConnectAsync(
            client: options => options with { Algorithms = new() { Ciphers = ["aes256-ctr"], Macs = [name] } });
        Assert.Equal((name, name), (ends.Server.Info.MacToClient, ends.Server.Info.MacToServer));
    }

    [Theory]
    [MemberData(nameof(KeyTypes))]
    public async Task Every_type_of_host_key_and_user_key_is_served(string type)
    {
        using SshPrivateKey hostKey = SshPrivateKey.Generate(type, type is "ssh-rsa" ? 2048 : 0), userKey = SshPrivateKey.Generate(type, type is "ssh-rsa" ? 2048 : 0);
        var authenticator = new TestAuthenticator();
        authenticator.Keys.Add(userKey.PublicKey);
        await using BothEnds ends = await BothEnds.ConnectAsync(
            server: options => options with { HostKeys = [hostKey] },
            client: options => options with { Authentication = [new PublicKeyMethod([userKey])] },
            authenticator: authenticator);
        Assert.Equal(hostKey.PublicKey, ends.Client.Info.HostKey);
        Assert.Equal("joe", authenticator.User);
        Assert.Equal([(type, false), (type, false), (type, true)], authenticator.Asked);
    }

    [Fact]
    public async Task The_host_key_that_the_client_prefers_is_used()
    {
        using SshPrivateKey ecdsa = SshPrivateKey.Generate("ecdsa-sha2-nistp256"), rsa = SshPrivateKey.Generate("ssh-rsa", 2048);
        await using BothEnds ends = await BothEnds.ConnectAsync(
            server: options => options with { HostKeys = [ecdsa, rsa] },
            client: options => options with { Algorithms = new() { HostKeys = ["rsa-sha2-256", "ecdsa-sha2-nistp256"] } });
        Assert.Equal(rsa.PublicKey, ends.Client.Info.HostKey);
        Assert.Equal("rsa-sha2-256", ends.Server.Info.HostKeyAlgorithm);
    }

    [Fact]
    public async Task A_password_lets_in()
    {
        await using BothEnds ends = await BothEnds.ConnectAsync(
            client: options => options with { Authentication = [Password("wrong", "right")] }, authenticator: new() { Password = "right" });
        Assert.Equal(["password"], ends.Authenticator.Completed);
        Assert.Equal(["password"], ends.Authenticator.Failures);
    }

    [Fact]
    public async Task A_conversation_lets_in_after_as_many_rounds_as_it_takes()
    {
        var authenticator = new TestAuthenticator
        {
            Conversation = (round, answers) => round switch
            {
                0 => KeyboardInteractiveStep.Ask(new("", "", [new("one? ", true)])),
                1 when Text(answers[0]) is "1" => KeyboardInteractiveStep.Ask(new("", "", [new("two? ", false), new("three? ", false)])),
                2 when Text(answers[0]) is "2" && Text(answers[1]) is "3" => KeyboardInteractiveStep.Done,
                _ => KeyboardInteractiveStep.Refused,
            },
        };
        var method = new KeyboardInteractiveMethod((question, _) => new([.. question.Prompts.Select(prompt => Encoding.UTF8.GetBytes(prompt.Text switch
        {
            "one? " => "1",
            "two? " => "2",
            _ => "3",
        }))]));
        await using BothEnds ends = await BothEnds.ConnectAsync(
            client: options => options with { Authentication = [method] }, authenticator: authenticator);
        Assert.Equal(["keyboard-interactive"], authenticator.Completed);
    }

    [Fact]
    public async Task Answers_are_cleared_also_after_the_last_try()
    {
        IReadOnlyList<byte[]> given = [];
        var authenticator = new TestAuthenticator
        {
            Conversation = (round, answers) =>
            {
                given = answers;
                return round == 0 ? KeyboardInteractiveStep.Ask(new("", "", [new("one? ", false)])) : KeyboardInteractiveStep.Refused;
            },
        };
        var pair = new StreamPair();
        Task<SshConnection> accepting = SshServer.AcceptAsync(pair.Right, BothEnds.ServerOptions(authenticator) with { MaxAuthenticationTries = 1 });
        var method = new KeyboardInteractiveMethod((_, _) => new([.. new[] { "secret"u8.ToArray() }]));
        await Assert.ThrowsAnyAsync<SshException>(() => SshClient.ConnectAsync(pair.Left, BothEnds.ClientOptions(method)).TestTime());
        await Assert.ThrowsAnyAsync<SshException>(() => accepting.TestTime());
        Assert.Equal(new byte[6], Assert.Single(given));
    }

    [Fact]
    public async Task Several_methods_are_needed_in_their_order()
    {
        var authenticator = new TestAuthenticator { Lists = [["publickey", "password"]], Password = "secret" };
        await using BothEnds ends = await BothEnds.ConnectAsync(
            client: options => options with { Authentication = [Password("secret"), new PublicKeyMethod([BothEnds.UserKey])] }, authenticator: authenticator);
        Assert.Equal(["publickey", "password"], authenticator.Completed);
    }

    [Fact]
    public async Task Of_two_keys_that_are_needed_neither_counts_twice()
    {
        using SshPrivateKey second = SshPrivateKey.Generate("ecdsa-sha2-nistp256");
        var authenticator = new TestAuthenticator { Lists = [["publickey", "publickey"]] };
        authenticator.Keys.Add(second.PublicKey);
        await Assert.ThrowsAsync<SshAuthException>(() => ConnectAsync(authenticator, new PublicKeyMethod([BothEnds.UserKey, BothEnds.UserKey])));

        await using BothEnds ends = await BothEnds.ConnectAsync(
            client: options => options with { Authentication = [new PublicKeyMethod([BothEnds.UserKey, BothEnds.UserKey, second])] },
            authenticator: new() { Lists = [["publickey", "publickey"]], Keys = { second.PublicKey } });
        Assert.Equal(["publickey", "publickey"], ends.Authenticator.Completed);
    }

    [Fact]
    public async Task Too_many_failures_end_the_connection()
    {
        var authenticator = new TestAuthenticator { Password = "right" };
        SshAuthException e = await Assert.ThrowsAsync<SshAuthException>(
            () => ConnectAsync(authenticator, new PasswordMethod((_, _) => new("wrong"u8.ToArray()), attempts: 100)));
        Assert.Contains("Too many authentication failures", e.Message, StringComparison.Ordinal);
        Assert.Equal(6, authenticator.Failures.Count);
    }

    [Fact]
    public async Task A_client_that_takes_too_long_is_cut_off()
    {
        var time = new ManualTimeProvider();
        var pair = new StreamPair();
        Task<SshConnection> accepting = SshServer.AcceptAsync(
            pair.Right, BothEnds.ServerOptions(new()) with { AuthenticationTimeout = TimeSpan.FromSeconds(120), Time = time });
        time.Advance(TimeSpan.FromSeconds(119));
        Assert.False(accepting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        SshClosedException e = await Assert.ThrowsAsync<SshClosedException>(() => accepting).TestTime();
        Assert.Equal(CloseReason.Timeout, e.Reason);
        Assert.True(pair.Right.IsDisposed);
    }

    [Theory]
    [InlineData("IGNORE", new byte[] { 2, 0, 0, 0, 0 })]
    [InlineData("DEBUG", new byte[] { 4, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("a message number that nobody knows", new byte[] { 200 })]
    public async Task A_client_that_talks_on_without_logging_in_is_cut_off(string what, byte[] payload)
    {
        var pair = new StreamPair();
        Task<SshConnection> accepting = SshServer.AcceptAsync(pair.Right, BothEnds.ServerOptions(new()));
        await pair.Left.WriteAsync("SSH-2.0-Talker\r\n"u8.ToArray());
        byte padding = (byte)(16 - ((sizeof(uint) + 1 + payload.Length) % 8));
        byte[] packet = [0, 0, 0, (byte)(1 + payload.Length + padding), padding, .. payload, .. new byte[padding]];
        for (int i = 0; i < 100_000 && !pair.Right.IsDisposed; i++)
            await pair.Left.WriteAsync(packet);
        SshClosedException e = await Assert.ThrowsAsync<SshClosedException>(() => accepting).TestTime();
        Assert.True(e.Reason is CloseReason.ProtocolError, what);
        Assert.Contains("before the user was authenticated", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_banner_is_shown_to_the_user_it_is_for()
    {
        string? shown = null;
        await using BothEnds ends = await BothEnds.ConnectAsync(
            server: options => options with { Banner = user => $"hello {user}" }, client: options => options with { OnBanner = text => shown = text });
        Assert.Equal("hello joe", shown);
    }

    [Fact]
    public async Task Without_a_handler_the_client_gets_nothing()
    {
        await using BothEnds ends = await BothEnds.ConnectAsync();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => ends.Client.OpenTcpAsync("db", 5432, "127.0.0.1", 1).AsTask()).TestTime();
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
        Assert.Null(await ends.Client.RequestAsync("tcpip-forward", []).AsTask().TestTime());
    }

    [Fact]
    public async Task Data_flows_both_ways_through_an_accepted_channel_and_keys_change_meanwhile()
    {
        var handler = new RecordingHandler();
        await using BothEnds ends = await BothEnds.ConnectAsync(
            server: options => options with { Handler = handler, RekeyLimit = new(256 * 1024, Timeout.InfiniteTimeSpan) });
        ValueTask<Channel> opening = ends.Client.OpenTcpAsync("db", 5432, "192.0.2.1", 4711);
        IncomingChannel incoming = await handler.Channels.Reader.ReadAsync().AsTask().TestTime();
        Assert.Equal("direct-tcpip", incoming.Type);
        await using Channel far = incoming.Accept();
        await using Channel near = await opening.AsTask().TestTime();
        byte[] sent = TestBytes.Of(24 * 1024 * 1024);
        Task<byte[]> there = ReadAllAsync(far), back = ReadAllAsync(near);
        await Task.WhenAll(WriteAsync(near, sent), WriteAsync(far, sent)).TestTime();
        Assert.Equal(sent, await there.TestTime());
        Assert.Equal(sent, await back.TestTime());
        Assert.True(ends.Server.KeyExchanges >= 3);
    }

    [Fact]
    public async Task Whoever_does_not_speak_SSH_is_told_so()
    {
        var pair = new StreamPair();
        Task<SshConnection> accepting = SshServer.AcceptAsync(pair.Right, BothEnds.ServerOptions(new()));
        await pair.Left.WriteAsync("GET / HTTP/1.1\r\n"u8.ToArray());
        using var reader = new StreamReader(pair.Left);
        Assert.StartsWith("SSH-2.0-Adit", await reader.ReadLineAsync().TestTime(), StringComparison.Ordinal);
        Assert.Equal("Invalid SSH identification string.", await reader.ReadLineAsync().TestTime());
        Assert.Equal(CloseReason.NotSsh, (await Assert.ThrowsAsync<SshClosedException>(() => accepting).TestTime()).Reason);
    }

    [Fact]
    public async Task Answers_to_global_requests_leave_in_the_order_of_the_requests()
    {
        var handler = new RecordingHandler();
        await using BothEnds ends = await BothEnds.ConnectAsync(server: options => options with { Handler = handler });
        Task<byte[]?> first = ends.Client.RequestAsync("first", [1]).AsTask();
        Task<byte[]?> second = ends.Client.RequestAsync("second", [2]).AsTask();
        IncomingRequest one = await handler.Requests.Reader.ReadAsync().AsTask().TestTime();
        IncomingRequest two = await handler.Requests.Reader.ReadAsync().AsTask().TestTime();
        two.Succeed([22]);
        Assert.False(second.IsCompleted);
        one.Fail();
        Assert.Null(await first.TestTime());
        Assert.Equal(22, Assert.Single((await second.TestTime())!));
        Assert.Throws<InvalidOperationException>(() => one.Succeed());
    }

    [Fact]
    public async Task A_channels_requests_and_errors_reach_the_other_end()
    {
        var handler = new RecordingHandler();
        await using BothEnds ends = await BothEnds.ConnectAsync(server: options => options with { Handler = handler });
        ValueTask<Channel> opening = ends.Client.OpenAsync("session", []);
        IncomingChannel incoming = await handler.Channels.Reader.ReadAsync().AsTask().TestTime();
        var asked = System.Threading.Channels.Channel.CreateUnbounded<IncomingRequest>();
        await using Channel far = incoming.Accept(onRequest: request => asked.Writer.TryWrite(request));
        await using Channel near = await opening.AsTask().TestTime();
        near.Notify("signal", [7]);
        IncomingRequest request = await asked.Reader.ReadAsync().AsTask().TestTime();
        Assert.Equal(("signal", false), (request.Name, request.WantsReply));
        await far.WriteErrorAsync("oops"u8.ToArray());
        await far.WriteAsync("fine"u8.ToArray());
        far.CompleteOutput();
        Assert.Equal("fine", Text(await ReadAllAsync(near).TestTime()));
    }

    [Fact]
    public async Task Channels_beyond_the_limit_are_refused_and_the_others_live_on()
    {
        var handler = new RecordingHandler();
        await using BothEnds ends = await BothEnds.ConnectAsync(
            server: options => options with { Handler = handler, Connection = new() { MaxChannels = 2 } });
        List<Channel> open = [];
        for (int i = 0; i < 2; i++)
        {
            ValueTask<Channel> opening = ends.Client.OpenAsync("session", []);
            open.Add((await handler.Channels.Reader.ReadAsync().AsTask().TestTime()).Accept());
            open.Add(await opening.AsTask().TestTime());
        }

        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => ends.Client.OpenAsync("session", []).AsTask()).TestTime();
        Assert.Equal(ChannelOpenFailureReason.ResourceShortage, e.Reason);
        await open[0].WriteAsync("x"u8.ToArray());
        foreach (Channel channel in open)
            await channel.DisposeAsync();
    }

    [Fact]
    public async Task A_client_learns_all_host_keys_and_has_them_proved()
    {
        using SshPrivateKey ed = SshPrivateKey.Generate("ssh-ed25519"), rsa = SshPrivateKey.Generate("ssh-rsa", 2048);
        var handler = new RecordingHandler();
        await using BothEnds ends = await BothEnds.ConnectAsync(
            server: options => options with { HostKeys = [ed, rsa] }, client: options => options with { Handler = handler });
        IncomingRequest announced = await handler.Requests.Reader.ReadAsync().AsTask().TestTime();
        Assert.Equal(("hostkeys-00@openssh.com", false), (announced.Name, announced.WantsReply));
        byte[] blobs = announced.Fields.ToArray();
        Assert.Equal([.. Prefixed(ed.PublicKey.Blob.ToArray()), .. Prefixed(rsa.PublicKey.Blob.ToArray())], blobs);

        byte[] proofs = (await ends.Client.RequestAsync("hostkeys-prove-00@openssh.com", blobs).AsTask().TestTime())!;
        Assert.Equal(2, Verified(proofs, ends.Client.Info.SessionId.ToArray(), ed.PublicKey, rsa.PublicKey));
        using SshPrivateKey foreign = SshPrivateKey.Generate("ssh-ed25519");
        Assert.Null(await ends.Client.RequestAsync("hostkeys-prove-00@openssh.com", Prefixed(foreign.PublicKey.Blob.ToArray())).AsTask().TestTime());
    }

    [Fact]
    public async Task Closing_for_a_reason_tells_the_client()
    {
        await using BothEnds ends = await BothEnds.ConnectAsync();
        ends.Server.Close(CloseReason.Expired, "the session's time is over");
        SshClosedException e = await ends.Client.Closed.TestTime();
        Assert.Equal(CloseReason.PeerDisconnected, e.Reason);
        Assert.Contains("the session's time is over", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reason_is_heard_by_a_client_that_can_send_nothing_any_more()
    {
        var pair = new StreamPair();
        await using BothEnds ends = await BothEnds.ConnectAsync(client: options => options with { Time = new ManualTimeProvider() }, pair: pair);
        pair.Left.RefusesWrites = true;
        Task<byte[]?> asking = ends.Client.RequestAsync("anything@example.com", []).AsTask();
        await pair.Left.WriteRefused.TestTime();

        ends.Server.Close(CloseReason.TooManyConnections, "one too many");

        SshClosedException e = await Assert.ThrowsAsync<SshClosedException>(() => asking.TestTime());
        Assert.Equal((CloseReason.PeerDisconnected, DisconnectCode.TooManyConnections), (e.Reason, e.PeerCode));
    }

    [Fact]
    public async Task A_connection_that_broke_while_sending_is_told_with_that_failure_although_the_peer_then_seems_to_have_closed_it()
    {
        var pair = new StreamPair();
        await using BothEnds ends = await BothEnds.ConnectAsync(client: options => options with { Time = new ManualTimeProvider() }, pair: pair);
        pair.Left.RefusesWrites = true;
        Task<byte[]?> asking = ends.Client.RequestAsync("anything@example.com", []).AsTask();
        await pair.Left.WriteRefused.TestTime();

        await pair.Right.DisposeAsync();

        SshClosedException e = await Assert.ThrowsAsync<SshClosedException>(() => asking.TestTime());
        Assert.Equal(CloseReason.ConnectionLost, e.Reason);
        Assert.Contains("takes no more", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_can_send_nothing_waits_only_so_long_for_a_reason()
    {
        var pair = new StreamPair();
        var time = new ManualTimeProvider();
        await using BothEnds ends = await BothEnds.ConnectAsync(client: options => options with { Time = time }, pair: pair);
        pair.Left.RefusesWrites = true;
        Task<byte[]?> asking = ends.Client.RequestAsync("anything@example.com", []).AsTask();

        await Until.Holds(() => asking.IsCompleted, () => time.Advance(TimeSpan.FromSeconds(1)));

        Assert.Equal(CloseReason.ConnectionLost, (await Assert.ThrowsAsync<SshClosedException>(() => asking)).Reason);
    }

    private static async Task ConnectAsync(TestAuthenticator authenticator, params ClientAuthMethod[] methods)
    {
        authenticator.Keys.Add(BothEnds.UserKey.PublicKey);
        var pair = new StreamPair();
        Task<SshConnection> accepting = SshServer.AcceptAsync(pair.Right, BothEnds.ServerOptions(authenticator));
        try
        {
            await (await SshClient.ConnectAsync(pair.Left, BothEnds.ClientOptions(methods)).TestTime()).DisposeAsync();
        }
        finally
        {
            await Assert.ThrowsAsync<SshClosedException>(() => accepting).TestTime();
        }
    }

    private static int Verified(byte[] proofs, byte[] sessionId, params SshPublicKey[] keys)
    {
        var reader = new SshReader(proofs);
        int verified = 0;
        foreach (SshPublicKey key in keys)
        {
            byte[] data = [.. Prefixed("hostkeys-prove-00@openssh.com"u8.ToArray()), .. Prefixed(sessionId), .. Prefixed(key.Blob.ToArray())];
            verified += key.Verify(key.SignatureAlgorithms[0], data, reader.ReadString()) ? 1 : 0;
        }

        reader.ReadEnd();
        return verified;
    }

    private static PasswordMethod Password(params string[] passwords) => new((i, _) => new(i < passwords.Length ? Encoding.UTF8.GetBytes(passwords[i]) : null));

    private static string Text(byte[] utf8) => Encoding.UTF8.GetString(utf8);

    private static byte[] Prefixed(byte[] value) => [(byte)(value.Length >> 24), (byte)(value.Length >> 16), (byte)(value.Length >> 8), (byte)value.Length, .. value];

    private static async Task WriteAsync(Channel channel, byte[] data)
    {
        await channel.WriteAsync(data);
        channel.CompleteOutput();
    }

    private static async Task<byte[]> ReadAllAsync(Channel channel)
    {
        var all = new MemoryStream();
        while (await channel.ReadAsync() is { IsEmpty: false } data)
            all.Write(data.Span);
        return all.ToArray();
    }

    private sealed class RecordingHandler : IConnectionHandler
    {
        public System.Threading.Channels.Channel<IncomingChannel> Channels { get; } = System.Threading.Channels.Channel.CreateUnbounded<IncomingChannel>();

        public System.Threading.Channels.Channel<IncomingRequest> Requests { get; } = System.Threading.Channels.Channel.CreateUnbounded<IncomingRequest>();

        public void OnChannelOpen(IncomingChannel channel) => Channels.Writer.TryWrite(channel);

        public void OnGlobalRequest(IncomingRequest request) => Requests.Writer.TryWrite(request);
    }
}
