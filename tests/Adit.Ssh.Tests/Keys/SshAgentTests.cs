using System.Buffers.Binary;
using System.Net.Sockets;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Keys;

[Collection(KeyFolderCollection.Name)]
[Trait("Surface", "S1-10")]
public sealed class SshAgentTests(KeyFolder folder)
{
    private const byte Failure = 5;
    private const byte Success = 6;
    private const byte IdentitiesAnswer = 12;
    private const byte SignResponse = 14;

    [Fact]
    public async Task Every_type_of_key_in_the_real_agent_is_listed_and_signs()
    {
        await using RealAgent real = await RealAgent.StartAsync();
        foreach (string type in KeyFolder.TypeNames)
            await real.AddAsync(await folder.KeyAsync(type));
        await using SshAgent agent = await SshAgent.ConnectAsync(real.SocketPath);
        IReadOnlyList<AgentKey> keys = await agent.ListAsync();
        Assert.Equal(KeyFolder.TypeNames, keys.Select(static key => key.PublicKey.KeyType));
        foreach (AgentKey key in keys)
        {
            Assert.Equal(KeyFolder.ReadPublic(await folder.KeyAsync(key.PublicKey.KeyType) + ".pub"), key.PublicKey);
            Assert.Equal($"comment of {key.PublicKey.KeyType}", key.Comment);
            Assert.Equal($"agent (comment of {key.PublicKey.KeyType})", key.Source);
            await AssertSignsAsync(key);
        }
    }

    [Theory]
    [InlineData("ssh-ed25519")]
    [InlineData("ssh-rsa")]
    public async Task A_certificate_in_the_real_agent_signs_and_one_beside_it_is_presented(string type)
    {
        await using RealAgent real = await RealAgent.StartAsync();
        string copy = await folder.CopyAsync(type);
        string[] certify = ["-q", "-s", await folder.KeyAsync("ssh-ed25519"), "-I", "x", "-n", "user", copy + ".pub"];
        await KeyFolder.RunAsync("ssh-keygen", certify);
        SshPublicKey certificate = KeyFolder.ReadPublic(copy + "-cert.pub");
        await real.AddAsync(copy);
        await using SshAgent agent = await SshAgent.ConnectAsync(real.SocketPath);
        IReadOnlyList<AgentKey> keys = await agent.ListAsync();
        Assert.Equal([type, certificate.KeyType], keys.Select(static key => key.PublicKey.KeyType));
        await AssertSignsAsync(keys[1]);

        AgentKey beside = keys[0].WithCertificate(certificate);
        Assert.Equal(certificate, beside.PublicKey);
        await AssertSignsAsync(beside);
        await AssertSignsAsync(keys[1].WithCertificate(certificate));
        await Assert.ThrowsAsync<SshKeyException>(() => beside.SignAsync(keys[0].PublicKey.SignatureAlgorithms[0], new byte[1], default).AsTask().TestTime());
        KeyBytes.Refused(SshKeyError.Malformed, () => keys[0].WithCertificate(keys[0].PublicKey));
        SshPublicKey foreign = await folder.CertifyAsync("ecdsa-sha2-nistp256", "ssh-ed25519", "-I", "x", "-n", "user");
        KeyBytes.Refused(SshKeyError.Malformed, () => keys[0].WithCertificate(foreign));
    }

    [Fact]
    public async Task A_key_that_the_user_does_not_confirm_is_refused_and_the_agent_serves_on()
    {
        await using RealAgent real = await RealAgent.StartAsync();
        await real.AddAsync(await folder.KeyAsync("ssh-ed25519"), "-c");
        await real.AddAsync(await folder.KeyAsync("ecdsa-sha2-nistp256"));
        await using SshAgent agent = await SshAgent.ConnectAsync(real.SocketPath);
        IReadOnlyList<AgentKey> keys = await agent.ListAsync();
        SshKeyException refusal = await RefusedAsync(SshKeyError.Refused, keys[0].SignAsync("ssh-ed25519", new byte[4], default).AsTask());
        Assert.Contains("refused to sign", refusal.Message, StringComparison.Ordinal);
        await AssertSignsAsync(keys[1]);
    }

    [Fact]
    public async Task The_real_agent_binds_to_a_session_that_the_host_key_signed_and_to_no_other()
    {
        await using RealAgent real = await RealAgent.StartAsync();
        using SshPrivateKey host = await folder.ReadAsync("ecdsa-sha2-nistp256");
        byte[] session = TestBytes.Of(32), foreign = TestBytes.Of(32, 2);
        byte[] signature = await host.SignAsync("ecdsa-sha2-nistp256", session, default);
        await using SshAgent agent = await SshAgent.ConnectAsync(real.SocketPath);
        Assert.False(await agent.BindSessionAsync(host.PublicKey.Blob, foreign, signature));
        Assert.True(await agent.BindSessionAsync(host.PublicKey.Blob, session, signature));
        Assert.Empty(await agent.ListAsync());
    }

    [Fact]
    public async Task A_path_where_no_agent_listens_is_refused_by_name()
    {
        string path = folder.NewPath("nobody");
        SshKeyException refusal = await Assert.ThrowsAsync<SshKeyException>(async () => await SshAgent.ConnectAsync(path));
        Assert.Equal(SshKeyError.Refused, refusal.Kind);
        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SshKeyException>(async () => await SshAgent.ConnectAsync(new string('x', 500)));
    }

    [Fact]
    public async Task An_agent_that_accepts_and_never_answers_is_given_up_at_the_deadline()
    {
        string path = folder.NewPath("silent");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        using Socket accepted = await listener.AcceptAsync();
        var clock = new ManualTimeProvider();
        await using var agent = new SshAgent(new NetworkStream(client), clock);
        Task<IReadOnlyList<AgentKey>> listing = agent.ListAsync().AsTask();
        await accepted.ReceiveAsync(new byte[5]);
        clock.Advance(agent.ListTimeout - TimeSpan.FromTicks(1));
        Assert.False(listing.IsCompleted);
        clock.Advance(TimeSpan.FromTicks(1));
        SshKeyException refusal = await RefusedAsync(SshKeyError.Refused, listing);
        Assert.Contains("did not answer within 10 s", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, clock.ArmedTimers);

        // What it might say later would answer the wrong question.
        await RefusedAsync(SshKeyError.Refused, agent.ListAsync().AsTask());
    }

    [Fact]
    public async Task Signing_may_take_two_minutes_because_it_may_wait_for_a_user()
    {
        var scripted = new ScriptedAgent();
        AgentKey key = await scripted.ListOneAsync(await folder.ReadAsync("ssh-ed25519"));
        Task<byte[]> signing = key.SignAsync("ssh-ed25519", new byte[4], default).AsTask();
        await scripted.RequestAsync();
        scripted.Clock.Advance(TimeSpan.FromMinutes(2) - TimeSpan.FromTicks(1));
        Assert.False(signing.IsCompleted);
        scripted.Clock.Advance(TimeSpan.FromTicks(1));
        SshKeyException refusal = await RefusedAsync(SshKeyError.Refused, signing);
        Assert.Contains("120 s", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_types_that_are_not_served_are_left_out()
    {
        var scripted = new ScriptedAgent();
        using SshPrivateKey served = await folder.ReadAsync("ssh-ed25519");
        Task<IReadOnlyList<AgentKey>> listing = scripted.Agent.ListAsync().AsTask();
        await scripted.RequestAsync();
        await scripted.AnswerAsync(Identities(
            (Blob("sk-ssh-ed25519@openssh.com"), "touch"), (Blob("ssh-dss"), "old"), ([], "empty"), ([1, 2, 3], "garbage"),
            (served.PublicKey.Blob.ToArray(), "good\u001b[2J"), (Blob("ssh-rsa"), "cut")));
        AgentKey key = Assert.Single(await listing.TestTime());
        Assert.Equal(served.PublicKey, key.PublicKey);
        Assert.Equal("agent (good?[2J)", key.Source);
    }

    [Fact]
    public async Task A_key_without_a_comment_comes_from_the_agent_alone()
    {
        var scripted = new ScriptedAgent();
        AgentKey key = await scripted.ListOneAsync(await folder.ReadAsync("ssh-ed25519"), comment: "");
        Assert.Equal("agent", key.Source);
    }

    public static TheoryData<string, byte[], SshKeyError> WrongLists => new()
    {
        { "an empty frame", [0, 0, 0, 0], SshKeyError.Malformed },
        { "a frame over the limit", [0, 4, 0, 1], SshKeyError.Malformed },
        { "a frame of 4 GiB", [255, 255, 255, 255], SshKeyError.Malformed },
        { "a refusal", Framed([Failure]), SshKeyError.Refused },
        { "another message", Framed([SignResponse, 0, 0, 0, 0]), SshKeyError.Refused },
        { "no count", Framed([IdentitiesAnswer]), SshKeyError.Malformed },
        { "too many", Framed([IdentitiesAnswer, 0, 0, 8, 1]), SshKeyError.Malformed },
        { "more than are there", Framed([IdentitiesAnswer, 0, 0, 0, 1]), SshKeyError.Malformed },
        { "fewer than are there", Framed([IdentitiesAnswer, 0, 0, 0, 0, 0]), SshKeyError.Malformed },
        { "a blob past the end", Framed([IdentitiesAnswer, 0, 0, 0, 1, 255, 255, 255, 255]), SshKeyError.Malformed },
        { "a cut frame", [0, 0, 0, 9, IdentitiesAnswer, 0, 0], SshKeyError.Refused },
        { "a cut length", [0, 0], SshKeyError.Refused },
        { "nothing", [], SshKeyError.Refused },
    };

    [Theory]
    [MemberData(nameof(WrongLists))]
    public async Task An_agent_that_lists_nonsense_is_refused(string what, byte[] answer, SshKeyError kind)
    {
        var scripted = new ScriptedAgent();
        Task<IReadOnlyList<AgentKey>> listing = scripted.Agent.ListAsync().AsTask();
        await scripted.RequestAsync();
        await scripted.Side.WriteAsync(answer);
        await scripted.Side.DisposeAsync();
        SshKeyException refusal = await Assert.ThrowsAsync<SshKeyException>(() => listing.TestTime(what));
        Assert.Equal(kind, refusal.Kind);
        Assert.Contains("agent", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("refusal", SshKeyError.Refused)]
    [InlineData("success without a signature", SshKeyError.Malformed)]
    [InlineData("signature of another key", SshKeyError.Refused)]
    [InlineData("signature of other data", SshKeyError.Refused)]
    [InlineData("signature with another algorithm", SshKeyError.Refused)]
    [InlineData("bytes behind the signature", SshKeyError.Malformed)]
    [InlineData("empty signature", SshKeyError.Refused)]
    [InlineData("the list of keys", SshKeyError.Malformed)]
    public async Task An_agent_whose_signature_is_no_good_is_refused(string what, SshKeyError kind)
    {
        var scripted = new ScriptedAgent();
        using SshPrivateKey held = await folder.ReadAsync("ssh-rsa");
        using SshPrivateKey other = SshPrivateKey.Generate("ssh-ed25519");
        AgentKey key = await scripted.ListOneAsync(held);
        byte[] data = TestBytes.Of(40);
        Task<byte[]> signing = key.SignAsync("rsa-sha2-512", data, default).AsTask();
        await scripted.RequestAsync();
        byte[] good = await held.SignAsync("rsa-sha2-512", data, default);
        byte[] answer = what switch
        {
            "refusal" => [Failure],
            "success without a signature" => [Success],
            "signature of another key" => Signature(await other.SignAsync("ssh-ed25519", data, default)),
            "signature of other data" => Signature(await held.SignAsync("rsa-sha2-512", new byte[40], default)),
            "signature with another algorithm" => Signature(await held.SignAsync("rsa-sha2-256", data, default)),
            "bytes behind the signature" => [.. Signature(good), 0],
            "empty signature" => Signature([]),
            _ => Identities((held.PublicKey.Blob.ToArray(), "x")),
        };
        await scripted.AnswerAsync(answer);
        await RefusedAsync(kind, signing);

        // Such an answer is whole: the next request still gets its own.
        Task<byte[]> again = key.SignAsync("rsa-sha2-512", data, default).AsTask();
        await scripted.RequestAsync();
        await scripted.AnswerAsync(Signature(good));
        Assert.Equal(good, await again.TestTime());
    }

    [Theory]
    [InlineData("rsa-sha2-256", 2u)]
    [InlineData("rsa-sha2-512", 4u)]
    public async Task RSA_keys_are_asked_for_SHA_2_by_flag(string algorithm, uint flags)
    {
        var scripted = new ScriptedAgent();
        using SshPrivateKey held = await folder.ReadAsync("ssh-rsa");
        AgentKey key = await scripted.ListOneAsync(held);
        byte[] data = TestBytes.Of(40);
        Task<byte[]> signing = key.SignAsync(algorithm, data, default).AsTask();
        Assert.Equal(SignRequest(held.PublicKey.Blob.ToArray(), data, flags), await scripted.RequestAsync());
        byte[] signature = await held.SignAsync(algorithm, data, default);
        await scripted.AnswerAsync(Signature(signature));
        Assert.Equal(signature, await signing.TestTime());
    }

    [Fact]
    public async Task An_agent_is_never_asked_for_SHA_1()
    {
        var scripted = new ScriptedAgent();
        AgentKey key = await scripted.ListOneAsync(await folder.ReadAsync("ssh-rsa"));
        foreach (string algorithm in (string[])["ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "rsa-sha2-512-cert-v01@openssh.com", "ssh-ed25519"])
        {
            SshKeyException refusal = await Assert.ThrowsAsync<SshKeyException>(() => key.SignAsync(algorithm, new byte[4], default).AsTask().TestTime());
            Assert.Equal(SshKeyError.Unsupported, refusal.Kind);
        }

        // The next thing that it hears is the next good request.
        Task<IReadOnlyList<AgentKey>> listing = scripted.Agent.ListAsync().AsTask();
        Assert.Equal([11], await scripted.RequestAsync());
        await scripted.AnswerAsync(Identities());
        Assert.Empty(await listing.TestTime());
    }

    [Fact]
    public async Task Requests_wait_for_the_answer_of_the_one_before()
    {
        var scripted = new ScriptedAgent();
        using SshPrivateKey held = await folder.ReadAsync("ssh-ed25519");
        AgentKey key = await scripted.ListOneAsync(held);
        byte[] first = TestBytes.Of(10, 1), second = TestBytes.Of(10, 2);
        Task<byte[]> one = key.SignAsync("ssh-ed25519", first, default).AsTask(), two = key.SignAsync("ssh-ed25519", second, default).AsTask();
        Assert.Equal(SignRequest(held.PublicKey.Blob.ToArray(), first, 0), await scripted.RequestAsync());
        Task<byte[]> next = scripted.RequestAsync();
        Assert.False(next.IsCompleted);
        await scripted.AnswerAsync(Signature(await held.SignAsync("ssh-ed25519", first, default)));
        Assert.Equal(SignRequest(held.PublicKey.Blob.ToArray(), second, 0), await next.TestTime());
        await one.TestTime();
        Assert.False(two.IsCompleted);
        await scripted.AnswerAsync(Signature(await held.SignAsync("ssh-ed25519", second, default)));
        byte[] signature = await two.TestTime();
        Assert.True(key.PublicKey.Verify("ssh-ed25519", second, signature));
    }

    [Fact]
    public async Task A_cancelled_request_ends_at_once_and_the_agent_is_not_used_again()
    {
        var scripted = new ScriptedAgent();
        AgentKey key = await scripted.ListOneAsync(await folder.ReadAsync("ssh-ed25519"));
        using var cancel = new CancellationTokenSource();
        Task<byte[]> signing = key.SignAsync("ssh-ed25519", new byte[4], cancel.Token).AsTask();
        await scripted.RequestAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => signing.TestTime());
        await RefusedAsync(SshKeyError.Refused, scripted.Agent.ListAsync().AsTask());
    }

    [Fact]
    public async Task A_request_cancelled_before_its_turn_harms_nobody()
    {
        var scripted = new ScriptedAgent();
        using SshPrivateKey held = await folder.ReadAsync("ssh-ed25519");
        AgentKey key = await scripted.ListOneAsync(held);
        using var cancel = new CancellationTokenSource();
        Task<byte[]> one = key.SignAsync("ssh-ed25519", new byte[4], default).AsTask();
        Task<byte[]> two = key.SignAsync("ssh-ed25519", new byte[5], cancel.Token).AsTask();
        await scripted.RequestAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => two.TestTime());
        await scripted.AnswerAsync(Signature(await held.SignAsync("ssh-ed25519", new byte[4], default)));
        byte[] signature = await one.TestTime();
        Assert.True(key.PublicKey.Verify("ssh-ed25519", new byte[4], signature));
    }

    [Fact]
    public async Task Disposing_the_agent_ends_the_request_under_way_and_all_that_wait()
    {
        var scripted = new ScriptedAgent();
        AgentKey key = await scripted.ListOneAsync(await folder.ReadAsync("ssh-ed25519"));
        Task<byte[]>[] signing = [.. Enumerable.Range(0, 3).Select(i => key.SignAsync("ssh-ed25519", new byte[i], default).AsTask())];
        await scripted.RequestAsync();
        await scripted.Agent.DisposeAsync();
        foreach (Task<byte[]> waiting in signing)
            await RefusedAsync(SshKeyError.Refused, waiting);
        await RefusedAsync(SshKeyError.Refused, scripted.Agent.ListAsync().AsTask());
        await scripted.Agent.DisposeAsync();
    }

    [Theory]
    [InlineData(Success, true)]
    [InlineData(Failure, false)]
    [InlineData((byte)28, false)]
    public async Task An_agent_that_does_not_know_session_bind_does_no_harm(byte answer, bool expected)
    {
        var scripted = new ScriptedAgent();
        Task<bool> binding = scripted.Agent.BindSessionAsync("host"u8.ToArray(), "session"u8.ToArray(), "signature"u8.ToArray()).AsTask();
        byte[] request = KeyBytes.Of(static (ref SshWriter writer) =>
        {
            writer.WriteByte(27);
            writer.WriteString("session-bind@openssh.com");
            writer.WriteString("host");
            writer.WriteString("session");
            writer.WriteString("signature");
            writer.WriteByte(0);
        });
        Assert.Equal(request, await scripted.RequestAsync());
        await scripted.AnswerAsync([answer]);
        Assert.Equal(expected, await binding.TestTime());
    }

    [Fact]
    public async Task An_answer_that_comes_byte_by_byte_is_put_together()
    {
        var scripted = new ScriptedAgent(maxRead: 1);
        using SshPrivateKey held = await folder.ReadAsync("ssh-rsa");
        AgentKey key = await scripted.ListOneAsync(held, "ü");
        Assert.Equal(held.PublicKey, key.PublicKey);
        Assert.Equal("ü", key.Comment);
    }

    private static async Task AssertSignsAsync(AgentKey key)
    {
        foreach (string algorithm in key.PublicKey.SignatureAlgorithms)
        {
            byte[] signature = await key.SignAsync(algorithm, "data"u8.ToArray(), default);
            Assert.True(key.PublicKey.Verify(algorithm, "data"u8, signature), algorithm);
        }
    }

    private static async Task<SshKeyException> RefusedAsync(SshKeyError kind, Task task)
    {
        SshKeyException refusal = await Assert.ThrowsAsync<SshKeyException>(() => task.TestTime());
        Assert.Equal(kind, refusal.Kind);
        return refusal;
    }

    private static byte[] Framed(byte[] message)
    {
        byte[] frame = [0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteInt32BigEndian(frame, message.Length);
        return frame;
    }

    private static byte[] Blob(string type) => KeyBytes.Of((ref SshWriter writer) => writer.WriteString(type));

    private static byte[] Identities(params (byte[] Blob, string Comment)[] keys) => KeyBytes.Of((ref SshWriter writer) =>
    {
        writer.WriteByte(IdentitiesAnswer);
        writer.WriteUInt32((uint)keys.Length);
        foreach ((byte[] blob, string comment) in keys)
        {
            writer.WriteString(blob);
            writer.WriteString(comment);
        }
    });

    private static byte[] Signature(byte[] signature) => KeyBytes.Of((ref SshWriter writer) =>
    {
        writer.WriteByte(SignResponse);
        writer.WriteString(signature);
    });

    private static byte[] SignRequest(byte[] blob, byte[] data, uint flags) => KeyBytes.Of((ref SshWriter writer) =>
    {
        writer.WriteByte(13);
        writer.WriteString(blob);
        writer.WriteString(data);
        writer.WriteUInt32(flags);
    });

    /// <summary>An agent that says what the test says.</summary>
    private sealed class ScriptedAgent
    {
        public ScriptedAgent(int maxRead = int.MaxValue)
        {
            var pair = new StreamPair(maxRead: maxRead);
            Side = pair.Right;
            Agent = new SshAgent(pair.Left, Clock);
        }

        public ManualTimeProvider Clock { get; } = new();

        public StreamPair.End Side { get; }

        public SshAgent Agent { get; }

        public async Task<byte[]> RequestAsync()
        {
            byte[] header = new byte[sizeof(uint)];
            await Side.ReadExactlyAsync(header).AsTask().TestTime("a request");
            byte[] request = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
            await Side.ReadExactlyAsync(request).AsTask().TestTime("a request");
            return request;
        }

        public ValueTask AnswerAsync(byte[] message) => Side.WriteAsync(Framed(message));

        public async Task<AgentKey> ListOneAsync(SshPrivateKey key, string comment = "comment")
        {
            Task<IReadOnlyList<AgentKey>> listing = Agent.ListAsync().AsTask();
            Assert.Equal([11], await RequestAsync());
            await AnswerAsync(Identities((key.PublicKey.Blob.ToArray(), comment)));
            return Assert.Single(await listing.TestTime());
        }
    }
}
