using Adit.Ssh.Connection;
using Adit.Ssh.Kex;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Transport;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Kex;

/// <summary>Key exchange against a server that keeps to the rules, and one that does not.</summary>
public class KeyExchangeTests
{
    public static TheoryData<string> Methods => [.. KexAlgorithm.All.Select(static method => method.Name)];

    public static TheoryData<string, string> Ciphers
    {
        get
        {
            var ciphers = new TheoryData<string, string>();
            foreach (CipherAlgorithm cipher in CipherAlgorithm.All)
            {
                foreach (MacAlgorithm mac in cipher.IsAead ? MacAlgorithm.All.Take(1) : MacAlgorithm.All)
                    ciphers.Add(cipher.Name, mac.Name);
            }

            return ciphers;
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Every_method_comes_to_the_same_keys_at_both_ends(string method)
    {
        await using var server = new ScriptedServer { Kex = method };
        await using SshConnection connection = await server.ConnectAsync();
        Assert.Equal(method, connection.Info.Kex);
        Assert.Equal(server.SessionId, connection.Info.SessionId.ToArray());
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public async Task Every_cipher_carries_data_and_is_replaced_by_a_rekey_of_either_side(string cipher, string mac)
    {
        await using var server = new ScriptedServer { Cipher = cipher, Mac = mac };
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        byte[] data = TestBytes.Of(1000);

        await channel.WriteAsync(data);
        Assert.Equal(data, await server.ReceiveDataAsync(data.Length));

        connection.Rekey();
        KexInit answered = server.Offer();
        server.Send(answered);
        await server.ExchangeKeysAsync(answered);
        await channel.WriteAsync(data);
        Assert.Equal(data, await server.ReceiveDataAsync(data.Length));

        await server.ExchangeKeysAsync();
        server.SendData(0, data);
        Assert.Equal(data, (await channel.ReadAsync()).ToArray());
        Assert.Equal(3, connection.KeyExchanges);
    }

    [Fact]
    public async Task Data_that_is_sent_while_keys_are_exchanged_arrives_behind_NEWKEYS_and_whole()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        connection.Rekey();
        await server.ReceiveKexInitAsync();

        // Our own KEXINIT has not been answered: the client may receive data, and must not send any.
        byte[] data = TestBytes.Of(100_000);
        Task writing = channel.WriteAsync(data).AsTask();
        server.SendData(0, data[..5000]);
        Assert.Equal(data[..5000], (await channel.ReadAsync()).ToArray());

        KexInit offer = server.Offer();
        server.Send(offer);
        KexEcdhInit init = await server.ReceiveAsync<KexEcdhInit>();
        (KexEcdhReply reply, byte[] secret, byte[] hash) = await server.AnswerAsync(offer, init.PublicValue);
        server.Send(reply);
        server.SendNewKeys(secret, hash);
        await server.ReceiveAsync<NewKeys>();
        server.SwitchInbound(secret, hash);
        Assert.Equal(data, await server.ReceiveDataAsync(data.Length));
        await writing.TestTime();
    }

    [Fact]
    public async Task Keys_are_exchanged_anew_when_the_byte_limit_is_reached_and_no_byte_is_lost()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync(server.Options() with { RekeyLimit = new(64 * 1024, TimeSpan.FromHours(1)) });
        await using Channel channel = await OpenAsync(server, connection);
        byte[] data = TestBytes.Of(8_000_000);
        Task writing = channel.WriteAsync(data).AsTask();
        int received = 0;
        int exchanges = 0;
        while (received < data.Length)
        {
            byte[] payload = await server.ReceiveAsync();
            if (payload[0] == (byte)MessageNumber.KexInit)
            {
                KexInit offer = server.Offer();
                server.Send(offer);
                await server.ExchangeBehindKexInitAsync(payload, offer);
                exchanges++;
            }
            else
            {
                Assert.Equal((byte)MessageNumber.ChannelData, payload[0]);
                Assert.True(payload.AsSpan(9).SequenceEqual(data.AsSpan(received, payload.Length - 9)), $"wrong data at {received}");
                received += payload.Length - 9;
            }
        }

        Assert.True(exchanges >= 2, $"{exchanges} exchanges");
        await writing.TestTime();
    }

    [Fact]
    public async Task Keys_are_exchanged_anew_when_their_time_is_up()
    {
        var time = new ManualTimeProvider();
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync(
            server.Options() with { Time = time, RekeyLimit = new(1L << 30, TimeSpan.FromMinutes(10)) });
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(1, connection.KeyExchanges);
        time.Advance(TimeSpan.FromSeconds(90));
        KexInit offer = server.Offer();
        server.Send(offer);
        await server.ExchangeKeysAsync(offer);
    }

    [Fact]
    public async Task A_rekey_that_the_server_never_answers_ends_the_connection()
    {
        var time = new ManualTimeProvider();
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync(server.Options() with { Time = time });
        connection.Rekey();
        await server.ReceiveKexInitAsync();
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(CloseReason.Timeout, (await connection.Closed.TestTime()).Reason);
    }

    [Fact]
    public async Task A_first_packet_that_was_sent_on_a_wrong_guess_is_skipped()
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options());
        await server.IdentifyAsync();
        KexInit offer = server.Offer() with { FirstKexPacketFollows = true, KexAlgorithms = ["ecdh-sha2-nistp256", "curve25519-sha256", Negotiation.StrictServer] };
        server.Send(offer);
        server.SendPayload(31, 1, 2, 3);
        await server.ExchangeKeysAsync(offer with { });
        await server.AcceptServiceAsync();
        await server.ReceiveAsync(MessageNumber.UserAuthRequest);
        server.SendPayload(52);
        await using SshConnection connection = await connecting.TestTime();
    }

    [Theory]
    [InlineData((byte)2)]
    [InlineData((byte)4)]
    [InlineData((byte)192)]
    public async Task Strict_key_exchange_tolerates_no_message_besides_its_own(byte number)
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options());
        await server.IdentifyAsync();
        server.Send(server.Offer());
        await server.ReceiveAsync(MessageNumber.KexInit);
        await server.ReceiveAsync(MessageNumber.KexEcdhInit);
        server.SendPayload(number, 0, 0, 0, 0, 0, 0, 0, 0);
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
        Assert.Equal(CloseReason.ProtocolError, (await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime())).Reason);
    }

    [Fact]
    public async Task With_strict_key_exchange_KEXINIT_must_be_the_first_packet()
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options());
        await server.IdentifyAsync();
        server.Send(new Ignore([]));
        server.Send(server.Offer());
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
        await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime());
    }

    [Theory]
    [InlineData("chacha20-poly1305@openssh.com", "hmac-sha2-256", false)]
    [InlineData("aes128-ctr", "hmac-sha2-256-etm@openssh.com", false)]
    [InlineData("aes128-ctr", "hmac-sha2-256", true)]
    [InlineData("aes128-gcm@openssh.com", "hmac-sha2-256", true)]
    public async Task Without_strict_key_exchange_stray_messages_are_tolerated_only_where_Terrapin_cannot_use_them(string cipher, string mac, bool tolerated)
    {
        await using var server = new ScriptedServer { Strict = false, Cipher = cipher, Mac = mac };
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options());
        await server.IdentifyAsync();
        KexInit offer = server.Offer();
        server.Send(offer);
        server.Send(new Ignore([1, 2, 3]));
        if (!tolerated)
        {
            Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
            await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime());
            return;
        }

        await server.ExchangeKeysAsync(offer);
        await server.AcceptServiceAsync();
        await server.ReceiveAsync(MessageNumber.UserAuthRequest);
        server.SendPayload(52);
        await using SshConnection connection = await connecting.TestTime();
        Assert.False(connection.Info.StrictKex);
    }

    [Fact]
    public async Task A_wrong_signature_of_the_server_ends_the_connection_before_anything_is_entrusted_to_it()
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options());
        await server.IdentifyAsync();
        KexInit offer = server.Offer();
        server.Send(offer);
        await server.ReceiveKexInitAsync();
        KexEcdhInit init = await server.ReceiveAsync<KexEcdhInit>();
        (KexEcdhReply reply, _, _) = await server.AnswerAsync(offer, init.PublicValue);
        reply.Signature[^1] ^= 1;
        server.Send(reply);
        Assert.Equal(DisconnectCode.KeyExchangeFailed, (await server.ReceiveDisconnectAsync()).Code);
        Assert.Equal(CloseReason.KeyExchangeFailed, (await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime())).Reason);
    }

    [Fact]
    public async Task A_host_key_that_is_not_accepted_ends_the_connection_with_its_own_code()
    {
        await using var server = new ScriptedServer();
        SshClientOptions options = server.Options() with { VerifyHostKey = static (key, _) => throw new SshHostKeyException("not this one", key) };
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, options);
        await server.IdentifyAsync();
        KexInit offer = server.Offer();
        server.Send(offer);
        await server.ReceiveKexInitAsync();
        KexEcdhInit init = await server.ReceiveAsync<KexEcdhInit>();
        server.Send((await server.AnswerAsync(offer, init.PublicValue)).Reply);
        Disconnect told = await server.ReceiveDisconnectAsync();
        Assert.Equal((DisconnectCode.HostKeyNotVerifiable, "the host key was not accepted"), (told.Code, told.Description));
        SshHostKeyException refused = await Assert.ThrowsAsync<SshHostKeyException>(() => connecting.TestTime());
        Assert.Equal(server.HostKey, refused.HostKey);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(0)]
    public async Task A_public_value_of_the_wrong_length_is_refused(int length) =>
        await RefusesPublicValueAsync("curve25519-sha256", new byte[length]);

    [Fact]
    public async Task An_all_zero_public_value_is_refused() => await RefusesPublicValueAsync("curve25519-sha256", new byte[32]);

    [Theory]
    [InlineData("diffie-hellman-group14-sha256", 1)]
    [InlineData("diffie-hellman-group14-sha256", 0)]
    [InlineData("ecdh-sha2-nistp256", 65)]
    [InlineData("mlkem768x25519-sha256", 1120)]
    public async Task A_degenerate_public_value_of_other_methods_is_refused(string kex, int length) =>
        await RefusesPublicValueAsync(kex, length == 1 ? [1] : new byte[length]);

    [Fact]
    public async Task No_common_algorithm_names_both_lists()
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options());
        await server.IdentifyAsync();
        server.Send(server.Offer() with { CiphersToClient = ["3des-cbc", "arcfour"] });
        Assert.Equal(DisconnectCode.KeyExchangeFailed, (await server.ReceiveDisconnectAsync()).Code);
        SshClosedException e = await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime());
        Assert.Contains("3des-cbc,arcfour", e.Message, StringComparison.Ordinal);
        Assert.Contains("aes128-gcm@openssh.com", e.Message, StringComparison.Ordinal);
    }

    private static async Task RefusesPublicValueAsync(string kex, byte[] value)
    {
        await using var server = new ScriptedServer { Kex = kex };
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options());
        await server.IdentifyAsync();
        KexInit offer = server.Offer();
        server.Send(offer);
        await server.ReceiveKexInitAsync();
        KexEcdhInit init = await server.ReceiveAsync<KexEcdhInit>();
        (KexEcdhReply reply, _, _) = await server.AnswerAsync(offer, init.PublicValue);
        server.Send(reply with { PublicValue = value });
        Assert.Equal(DisconnectCode.KeyExchangeFailed, (await server.ReceiveDisconnectAsync()).Code);
        await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime());
    }

    private static async Task<Channel> OpenAsync(ScriptedServer server, SshConnection connection)
    {
        Task<Channel> opening = connection.OpenTcpAsync("db", 5432, "127.0.0.1", 1).AsTask();
        await server.ConfirmChannelAsync(window: 16 * 1024 * 1024);
        return await opening.TestTime();
    }
}
