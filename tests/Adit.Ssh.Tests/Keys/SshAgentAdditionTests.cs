using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Keys;

/// <summary>Keys that are handed to an agent (AddKeysToAgent), against the real ssh-agent and ssh-add.</summary>
[Collection(KeyFolderCollection.Name)]
[Trait("Surface", "S1-10")]
public sealed class SshAgentAdditionTests(KeyFolder folder)
{
    private const byte Failure = 5;
    private const byte Success = 6;

    [Theory]
    [MemberData(nameof(KeyFolder.Types), MemberType = typeof(KeyFolder))]
    public async Task The_real_agent_takes_a_key_of_every_type_and_signs_with_it(string type)
    {
        await using RealAgent real = await RealAgent.StartAsync();
        await using SshAgent agent = await SshAgent.ConnectAsync(real.SocketPath);
        using SshPrivateKey key = await folder.ReadAsync(type);

        await agent.AddAsync(key, lifetime: null, confirm: false);

        AgentKey held = Assert.Single(await agent.ListAsync());
        Assert.Equal((key.PublicKey, $"comment of {type}"), (held.PublicKey, held.Comment));
        byte[] data = TestBytes.Of(100);
        string algorithm = held.PublicKey.SignatureAlgorithms[0];
        byte[] signature = await held.SignAsync(algorithm, data, default);
        Assert.True(key.PublicKey.Verify(algorithm, data, signature));
    }

    [Theory]
    [MemberData(nameof(KeyFolder.Types), MemberType = typeof(KeyFolder))]
    public async Task What_an_agent_is_sent_is_what_ssh_add_sends(string type)
    {
        string path = await folder.CopyAsync(type);
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-s", await folder.KeyAsync("ssh-ed25519"), "-I", "x", "-n", "user", path + ".pub"]);
        using SshPrivateKey key = SshPrivateKey.Parse(await File.ReadAllBytesAsync(path), path);
        SshPrivateKey certified = key.WithCertificate(KeyFolder.ReadPublic(path + "-cert.pub"));
        foreach ((int seconds, bool confirm) in ((int, bool)[])[(0, false), (90, false), (0, true), (3600, true)])
        {
            string[] options = [.. seconds > 0 ? (string[])["-t", seconds.ToString(CultureInfo.InvariantCulture)] : [], .. confirm ? (string[])["-c"] : []];
            List<byte[]> theirs = await RequestsAsync(socket => KeyFolder.RunAsync(
                "ssh-add", ["-q", .. options, path], environment: new Dictionary<string, string>(StringComparer.Ordinal) { ["SSH_AUTH_SOCK"] = socket }));
            List<byte[]> ours = await RequestsAsync(async socket =>
            {
                await using SshAgent agent = await SshAgent.ConnectAsync(socket);
                TimeSpan? lifetime = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null;
                await agent.AddAsync(key, lifetime, confirm);
                await agent.AddAsync(certified, lifetime, confirm);
            });
            Assert.Equal(theirs.Select(Convert.ToHexString), ours.Select(Convert.ToHexString));
        }
    }

    [Fact]
    public async Task A_key_without_a_comment_is_called_by_its_file()
    {
        await using RealAgent real = await RealAgent.StartAsync();
        await using SshAgent agent = await SshAgent.ConnectAsync(real.SocketPath);
        using var key = SshPrivateKey.Parse(SshPrivateKey.Generate("ssh-ed25519").ToOpenSshFormat(comment: string.Empty), "/home/joe/.ssh/id");

        await agent.AddAsync(key, lifetime: null, confirm: false);

        Assert.Equal("/home/joe/.ssh/id", Assert.Single(await agent.ListAsync()).Comment);
    }

    [Fact]
    public async Task The_real_agent_forgets_the_key_after_its_lifetime()
    {
        await using RealAgent real = await RealAgent.StartAsync();
        await using SshAgent agent = await SshAgent.ConnectAsync(real.SocketPath);
        using SshPrivateKey key = await folder.ReadAsync("ssh-ed25519");

        // Rounded up to one whole second.
        await agent.AddAsync(key, TimeSpan.FromMilliseconds(1), confirm: false);
        Assert.Single(await agent.ListAsync());

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await agent.ListAsync(patience.Token)).Count > 0)
            await Task.Delay(50, patience.Token);
    }

    [Fact]
    public async Task The_real_agent_does_not_sign_unconfirmed_with_a_key_that_is_to_be_confirmed()
    {
        await using RealAgent real = await RealAgent.StartAsync();
        await using SshAgent agent = await SshAgent.ConnectAsync(real.SocketPath);
        using SshPrivateKey key = await folder.ReadAsync("ssh-ed25519");

        await agent.AddAsync(key, lifetime: null, confirm: true);

        AgentKey held = Assert.Single(await agent.ListAsync());
        SshKeyException refused = await Assert.ThrowsAsync<SshKeyException>(() => held.SignAsync("ssh-ed25519", new byte[4], default).AsTask().TestTime());
        Assert.Equal(SshKeyError.Refused, refused.Kind);
    }

    [Theory]
    [InlineData(new byte[] { Failure })]
    [InlineData(new byte[] { Success, 0 })]
    [InlineData(new byte[] { 12, 0, 0, 0, 0 })]
    public async Task An_agent_that_does_not_say_yes_has_not_taken_the_key(byte[] answer)
    {
        using SshPrivateKey key = await folder.ReadAsync("ssh-ed25519");
        await RequestsAsync(
            async socket =>
            {
                await using SshAgent agent = await SshAgent.ConnectAsync(socket);
                SshKeyException refused = await Assert.ThrowsAsync<SshKeyException>(() => agent.AddAsync(key, lifetime: null, confirm: false).AsTask().TestTime());
                Assert.Contains("does not take the key", refused.Message, StringComparison.Ordinal);
            },
            answer);
    }

    [Fact]
    public async Task A_lifetime_of_nothing_is_an_error_of_the_caller()
    {
        using SshPrivateKey key = await folder.ReadAsync("ssh-ed25519");
        await using var agent = new SshAgent(new StreamPair().Left);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => agent.AddAsync(key, TimeSpan.Zero, confirm: false).AsTask());
    }

    /// <summary>What a client sends to an agent that gives one answer to everything, until the client is done.</summary>
    private async Task<List<byte[]>> RequestsAsync(Func<string, Task> client, byte[]? answer = null)
    {
        string path = folder.NewPath("taker");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Task running = client(path);
        using Socket socket = await listener.AcceptAsync().TestTime("a client");
        await using var stream = new NetworkStream(socket);
        answer ??= [Success];
        var requests = new List<byte[]>();
        byte[] header = new byte[sizeof(uint)];
        while (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false).AsTask().TestTime("a request") > 0)
        {
            byte[] request = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
            await stream.ReadExactlyAsync(request).AsTask().TestTime("a request");
            requests.Add(request);
            BinaryPrimitives.WriteInt32BigEndian(header, answer.Length);
            await stream.WriteAsync((byte[])[.. header, .. answer]);
        }

        await running.TestTime("the client's end");
        return requests;
    }
}
