using System.Text;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Messages.Transport;
using Adit.Ssh.Wire;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Auth;

/// <summary>RFC 4252 from the client's side, against a server that a test speaks for.</summary>
public class ClientAuthenticationTests
{
    [Fact]
    public async Task Methods_are_tried_in_the_callers_order_and_only_those_that_the_server_takes()
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(
            server.ClientStream, server.Options(KeyboardInteractive("a"), Password("wrong", "right")));
        await ReachAuthenticationAsync(server);
        Assert.Equal("none", (await server.ReceiveAsync<UserAuthRequest>()).Method);
        server.Send(new UserAuthFailure(["publickey", "password"], false));
        await ExpectPasswordAsync(server, "wrong");
        server.Send(new UserAuthFailure(["publickey", "password"], false));
        await ExpectPasswordAsync(server, "right");
        server.SendPayload(52);
        await using SshConnection connection = await connecting.TestTime();
    }

    [Fact]
    public async Task A_server_that_announces_extensions_on_and_on_is_cut_off()
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(Password("secret")));
        await ReachAuthenticationAsync(server);
        for (int i = 0; i < 9; i++)
            server.Send(new ExtensionInfo([new($"filler-{i}@example.com", new byte[1000])]));
        SshClosedException e = await Assert.ThrowsAsync<SshClosedException>(() => connecting).TestTime();
        Assert.Equal(CloseReason.ProtocolError, e.Reason);
    }

    [Fact]
    public async Task After_a_partial_success_the_next_method_follows()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        var method = new PublicKeyMethod([key]);
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(method, Password("secret")));
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["publickey"], false));
        await AcceptKeyAsync(server, key, "ssh-ed25519");
        Assert.Empty(method.Accepted);
        server.Send(new UserAuthFailure(["password"], PartialSuccess: true));
        await ExpectPasswordAsync(server, "secret");
        server.SendPayload(52);
        await using SshConnection connection = await connecting.TestTime();
        Assert.Equal([key], method.Accepted);
    }

    [Theory]
    [InlineData("ssh-ed25519", "ssh-ed25519")]
    [InlineData("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384")]
    [InlineData("ssh-rsa", "rsa-sha2-512")]
    public async Task A_key_is_offered_first_and_its_signature_covers_session_and_request(string type, string algorithm)
    {
        using SshPrivateKey key = SshPrivateKey.Generate(type, type == "ssh-rsa" ? 2048 : 0);
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(new PublicKeyMethod([key])));
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["publickey"], false));
        await AcceptKeyAsync(server, key, algorithm);
        server.SendPayload(52);
        await using SshConnection connection = await connecting.TestTime();
    }

    [Fact]
    public async Task RSA_signs_with_what_server_sig_algs_allows()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-rsa", 2048);
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(new PublicKeyMethod([key])));
        await server.IdentifyAsync();
        await server.ExchangeKeysAsync();
        server.Send(new ExtensionInfo([new("server-sig-algs", "ssh-rsa,rsa-sha2-256"u8.ToArray())]));
        await server.AcceptServiceAsync();
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["publickey"], false));
        await AcceptKeyAsync(server, key, "rsa-sha2-256");
        server.SendPayload(52);
        await using SshConnection connection = await connecting.TestTime();
    }

    [Fact]
    public async Task A_key_with_no_algorithm_in_common_is_never_offered()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-rsa", 2048);
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(new PublicKeyMethod([key])));
        await server.IdentifyAsync();
        await server.ExchangeKeysAsync();
        server.Send(new ExtensionInfo([new("server-sig-algs", "ssh-rsa,ssh-ed25519"u8.ToArray())]));
        await server.AcceptServiceAsync();
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["publickey"], false));
        Assert.Equal(DisconnectCode.NoMoreAuthMethodsAvailable, (await server.ReceiveDisconnectAsync()).Code);
        SshAuthException refused = await Assert.ThrowsAsync<SshAuthException>(() => connecting.TestTime());
        Assert.Contains("no signature algorithm", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_server_knows_it_the_signature_is_bound_to_its_host_key()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(new PublicKeyMethod([key])));
        await server.IdentifyAsync();
        await server.ExchangeKeysAsync();
        server.Send(new ExtensionInfo([new("publickey-hostbound@openssh.com", "0"u8.ToArray())]));
        await server.AcceptServiceAsync();
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["publickey"], false));
        await AcceptKeyAsync(server, key, "ssh-ed25519", hostBound: true);
        server.SendPayload(52);
        await using SshConnection connection = await connecting.TestTime();
    }

    [Fact]
    public async Task When_all_is_refused_the_exception_tells_what_was_tried_and_what_is_left()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519", comment: "my key");
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(new PublicKeyMethod([key]), Password("x")));
        await ReachAuthenticationAsync(server);
        for (int i = 0; i < 3; i++)
        {
            await server.ReceiveAsync<UserAuthRequest>();
            server.Send(new UserAuthFailure(["publickey", "password", "gssapi"], false));
        }

        SshAuthException refused = await Assert.ThrowsAsync<SshAuthException>(() => connecting.TestTime());
        Assert.Equal(2, refused.Tried.Count);
        Assert.Contains(key.PublicKey.Fingerprint, refused.Tried[0], StringComparison.Ordinal);
        Assert.Equal("password", refused.Tried[1]);
        Assert.Equal(["publickey", "password", "gssapi"], refused.ServerMethods);
    }

    [Fact]
    public async Task A_server_that_hangs_up_after_too_many_tries_is_told_as_an_authentication_failure()
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(Password("x")));
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["password"], false));
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new Disconnect(DisconnectCode.ProtocolError, "Too many authentication failures"));
        SshAuthException refused = await Assert.ThrowsAsync<SshAuthException>(() => connecting.TestTime());
        Assert.Contains("Too many authentication failures", refused.Message, StringComparison.Ordinal);
        Assert.Contains("password", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DisconnectCode.ByApplication)]
    [InlineData(DisconnectCode.TooManyConnections)]
    public async Task A_server_that_stops_or_is_full_during_login_is_not_told_as_an_authentication_failure(DisconnectCode code)
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(Password("x")));
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["password"], false));
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new Disconnect(code, "come back later"));
        SshClosedException closed = await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime());
        Assert.Equal((CloseReason.PeerDisconnected, code), (closed.Reason, closed.PeerCode));
    }

    [Fact]
    public async Task Keyboard_interactive_answers_every_round_of_questions()
    {
        var asked = new List<string>();
        var method = new KeyboardInteractiveMethod((question, _) =>
        {
            asked.AddRange(question.Prompts.Select(prompt => $"{prompt.Text}{prompt.Echo}"));
            return ValueTask.FromResult<byte[][]?>([.. question.Prompts.Select(static prompt => Encoding.UTF8.GetBytes("answer to " + prompt.Text))]);
        });
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(method));
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["keyboard-interactive"], false));
        Assert.Equal("keyboard-interactive", (await server.ReceiveAsync<UserAuthRequest>()).Method);
        server.Send(new InfoRequest("", "", "", [new("Password: ", false), new("Token: ", true)]));
        Assert.Equal(["answer to Password: ", "answer to Token: "], (await server.ReceiveAsync<InfoResponse>()).Answers.Select(Encoding.UTF8.GetString));
        server.Send(new InfoRequest("", "welcome", "", []));
        Assert.Empty((await server.ReceiveAsync<InfoResponse>()).Answers);
        server.SendPayload(52);
        await using SshConnection connection = await connecting.TestTime();
        Assert.Equal(["Password: False", "Token: True"], asked);
    }

    [Fact]
    public async Task Banners_are_handed_on_and_a_flood_of_them_ends_the_connection()
    {
        var banners = new List<string>();
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options() with { OnBanner = banners.Add });
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        for (int i = 0; i < 100; i++)
            server.Send(new UserAuthBanner("hello"));
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
        await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime());
        Assert.Equal(64, banners.Count);
    }

    public static TheoryData<string, byte[]> Violations => new()
    {
        { "channel data before authentication", [94, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "a channel open before authentication", [90, 0, 0, 0, 1, 120, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "a global request before authentication", [80, 0, 0, 0, 1, 120, 0] },
        { "another service accept", [6, 0, 0, 0, 1, 120] },
        { "a request, which is the client's to send", [50] },
        { "PK_OK that nobody asked for", [60, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "a failure cut off", [51, 0, 0, 0, 9] },
        { "success with something behind it", [52, 1] },
        { "NEWKEYS", [21] },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task A_violation_during_authentication_ends_the_connection(string what, byte[] payload)
    {
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(Password("x")));
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        server.SendPayload(payload);
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
        SshClosedException closed = await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime());
        Assert.True(closed.Reason is CloseReason.ProtocolError, what);
    }

    [Fact]
    public async Task A_server_that_accepts_a_key_which_was_not_offered_is_left()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(new PublicKeyMethod([key])));
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new UserAuthFailure(["publickey"], false));
        await server.ReceiveAsync<UserAuthRequest>();
        server.Send(new PublicKeyOk("ssh-ed25519", server.HostKey.Blob.ToArray()));
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
        await Assert.ThrowsAsync<SshClosedException>(() => connecting.TestTime());
    }

    [Fact]
    public async Task Cancelling_ends_the_attempt_with_a_word_to_the_server()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = new ScriptedServer();
        Task<SshConnection> connecting = SshClient.ConnectAsync(server.ClientStream, server.Options(Password("x")), cancel.Token);
        await ReachAuthenticationAsync(server);
        await server.ReceiveAsync<UserAuthRequest>();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.TestTime());
        Assert.Equal(DisconnectCode.AuthCancelledByUser, (await server.ReceiveDisconnectAsync()).Code);
        Assert.True(server.ClientStream.IsDisposed);
    }

    private static PasswordMethod Password(params string[] passwords) =>
        new((attempt, _) => ValueTask.FromResult(attempt < passwords.Length ? Encoding.UTF8.GetBytes(passwords[attempt]) : null));

    private static KeyboardInteractiveMethod KeyboardInteractive(string answer) =>
        new((question, _) => ValueTask.FromResult<byte[][]?>([.. question.Prompts.Select(_ => Encoding.UTF8.GetBytes(answer))]));

    private static async Task ReachAuthenticationAsync(ScriptedServer server)
    {
        await server.IdentifyAsync();
        await server.ExchangeKeysAsync();
        await server.AcceptServiceAsync();
    }

    private static async Task ExpectPasswordAsync(ScriptedServer server, string expected)
    {
        UserAuthRequest request = await server.ReceiveAsync<UserAuthRequest>();
        Assert.Equal(("joe", "ssh-connection", "password"), (request.User, request.Service, request.Method));
        var fields = new SshReader(request.Fields);
        Assert.False(fields.ReadBoolean());
        Assert.Equal(expected, fields.ReadText());
        fields.ReadEnd();
    }

    // The offer, our consent, and the signature, which is checked as a server would.
    private static async Task AcceptKeyAsync(ScriptedServer server, SshPrivateKey key, string algorithm, bool hostBound = false)
    {
        string method = hostBound ? "publickey-hostbound-v00@openssh.com" : "publickey";
        UserAuthRequest offer = await server.ReceiveAsync<UserAuthRequest>();
        Assert.Equal(method, offer.Method);
        Assert.Equal(0, offer.Fields[0]);
        server.Send(new PublicKeyOk(algorithm, key.PublicKey.Blob.ToArray()));

        UserAuthRequest request = await server.ReceiveAsync<UserAuthRequest>();
        byte[] payload = Message.Encode(request);
        Assert.True(CheckSignature(server, key, algorithm, hostBound, request.Fields, payload));
    }

    private static bool CheckSignature(ScriptedServer server, SshPrivateKey key, string algorithm, bool hostBound, byte[] fieldBytes, byte[] payload)
    {
        var fields = new SshReader(fieldBytes);
        Assert.True(fields.ReadBoolean());
        Assert.Equal(algorithm, fields.ReadName());
        Assert.Equal(key.PublicKey.Blob.ToArray(), fields.ReadString().ToArray());
        if (hostBound)
            Assert.Equal(server.HostKey.Blob.ToArray(), fields.ReadString().ToArray());
        byte[] signature = fields.ReadString().ToArray();
        fields.ReadEnd();
        var signed = new SshWriter(stackalloc byte[2048]);
        signed.WriteString(server.SessionId);
        signed.WriteBytes(payload.AsSpan(0, payload.Length - signature.Length - sizeof(uint)));
        bool good = key.PublicKey.Verify(algorithm, signed.Written, signature);
        signed.Dispose();
        return good;
    }
}
