using System.Buffers.Binary;
using System.Text;
using Adit.OpenSsh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;

namespace Adit.Tests.OpenSsh;

/// <summary>Servers that announce host keys which they do not hold, or nonsense: known_hosts stays as it is, and the connection too.</summary>
public sealed class HostKeyProofTests(HostKeys keys) : IClassFixture<HostKeys>, IAsyncLifetime
{
    private readonly SshPrivateKey _own = SshPrivateKey.Generate("ssh-ed25519");
    private readonly SshPrivateKey _second = SshPrivateKey.Generate("ecdsa-sha2-nistp256");
    private SshConnection _server = null!;
    private SshConnection _client = null!;
    private bool _lies;

    public async Task InitializeAsync()
    {
        StreamPair pair = new();
        Task<SshConnection> accepting = SshServer.AcceptAsync(pair.Right, new()
        {
            HostKeys = [_own, new Liar(_second, () => _lies)],
            Authenticator = new Welcome(),
        });
        _client = await SshClient.ConnectAsync(pair.Left, new()
        {
            User = "joe",
            VerifyHostKey = static (_, _) => default,
            Authentication = [new PasswordMethod(static (_, _) => new("x"u8.ToArray()))],
        }).TestTime();
        _server = await accepting.TestTime();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
        _own.Dispose();
        _second.Dispose();
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, "wrong proof")]
    public async Task Only_a_key_with_a_right_proof_is_added(bool lies, string? reason)
    {
        _lies = lies;
        string path = Known();
        HostKeyUpdateResult result = await RunAsync(path, Fields(_own.PublicKey, _second.PublicKey));
        Assert.Equal(lies ? 1 : 2, File.ReadAllLines(path).Length);
        if (reason is null)
            Assert.Equal((null, _second.PublicKey), (result.Reason, Assert.Single(result.Added)));
        else
            Assert.Contains(reason, result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_the_server_does_not_hold_is_not_added()
    {
        string path = Known();
        HostKeyUpdateResult result = await RunAsync(path, Fields(_own.PublicKey, keys["other"]));
        Assert.Equal("the server did not prove that it holds the host keys that it announced", result.Reason);
        Assert.Single(File.ReadAllLines(path));
    }

    [Fact]
    public async Task Keys_of_unknown_kinds_and_certificates_are_passed_over_and_their_lines_stay()
    {
        string path = keys.Write($"db {_own.PublicKey}", "db {dsa}", "db {weak}", "db {sk}");
        string before = File.ReadAllText(path);
        byte[] fields = [.. Fields(_own.PublicKey, keys["cert"]), .. String("x-unknown"u8), .. String([]), .. String([1, 2, 3])];
        Assert.Equal("the server announced no other host keys than are known", (await RunAsync(path, fields)).Reason);
        Assert.Equal(before, File.ReadAllText(path));
    }

    [Fact]
    public async Task A_line_whose_key_is_still_announced_stays_even_if_the_key_may_not_be_added()
    {
        string path = keys.Write($"db {_own.PublicKey}", "db {rsa}", "db {other}");
        HostKeyUpdateResult result = await RunAsync(path, Fields(_own.PublicKey, keys["rsa"]), "ssh-ed25519");
        Assert.Equal(keys["other"], Assert.Single(result.Removed));
        Assert.Equal(keys.Fill($"db {_own.PublicKey}\ndb {{rsa}}\n"), File.ReadAllText(path));
    }

    [Fact]
    public async Task An_announcement_cut_off_anywhere_is_refused_without_harm()
    {
        string path = Known();
        byte[] whole = Fields(_second.PublicKey, keys["rsa"]);
        int first = String(_second.PublicKey.Blob.Span).Length;
        for (int length = 0; length < whole.Length; length++)
        {
            if (length != first)
                Assert.NotNull((await RunAsync(path, whole[..length])).Reason);
        }

        Assert.Single(File.ReadAllLines(path));
    }

    [Fact]
    public async Task A_key_announced_twice_and_too_many_keys_are_refused()
    {
        string path = Known();
        Assert.Equal("the server announced a host key twice", (await RunAsync(path, Fields(_second.PublicKey, _second.PublicKey))).Reason);
        byte[] many = [.. Enumerable.Range(0, 65).SelectMany(i => String([(byte)i]))];
        Assert.Equal("more than 64 host keys", (await RunAsync(path, many)).Reason);
        Assert.Single(File.ReadAllLines(path));
    }

    [Fact]
    public async Task A_second_announcement_is_not_heeded()
    {
        string path = Known();
        HostKeyUpdate update = Update(path);
        Assert.NotNull((await update.RunAsync(_client, Fields(_own.PublicKey), CancellationToken.None)).Reason);
        Assert.Equal(
            "the server announced its host keys more than once",
            (await update.RunAsync(_client, Fields(_own.PublicKey, _second.PublicKey), CancellationToken.None)).Reason);
        Assert.Single(File.ReadAllLines(path));
    }

    [Fact]
    public async Task A_connection_that_ends_before_the_proof_changes_nothing()
    {
        string path = Known();
        await _server.DisposeAsync();
        await _client.Closed.TestTime();
        Assert.NotNull((await RunAsync(path, Fields(_own.PublicKey, _second.PublicKey))).Reason);
        Assert.Single(File.ReadAllLines(path));
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_not_changed()
    {
        string path = Known();
        string folder = Directory.CreateDirectory(path + ".d").FullName;
        HostKeyUpdate update = new("db", null, [path, folder]) { Algorithms = ["ssh-ed25519", "ecdsa-sha2-nistp256"] };
        Assert.Contains("cannot be read", (await update.RunAsync(_client, Fields(_own.PublicKey, _second.PublicKey), CancellationToken.None)).Reason, StringComparison.Ordinal);
        Assert.Single(File.ReadAllLines(path));
    }

    private static byte[] Fields(params SshPublicKey[] all) => [.. all.SelectMany(static key => String(key.Blob.Span))];

    private static byte[] String(ReadOnlySpan<byte> value)
    {
        byte[] field = new byte[4 + value.Length];
        BinaryPrimitives.WriteInt32BigEndian(field, value.Length);
        value.CopyTo(field.AsSpan(4));
        return field;
    }

    private static HostKeyUpdate Update(string path, params string[] algorithms) =>
        new("db", null, [path]) { Algorithms = algorithms is [] ? ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"] : algorithms };

    private string Known() => keys.Write($"db {_own.PublicKey}");

    private async Task<HostKeyUpdateResult> RunAsync(string path, byte[] fields, params string[] algorithms) =>
        await Update(path, algorithms).RunAsync(_client, fields, CancellationToken.None).AsTask().TestTime();

    private sealed class Liar(SshPrivateKey key, Func<bool> lies) : ISshSigner
    {
        public SshPublicKey PublicKey => key.PublicKey;

        public string Source => "test";

        public ValueTask<byte[]> SignAsync(string signatureAlgorithm, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
            key.SignAsync(signatureAlgorithm, lies() ? Encoding.ASCII.GetBytes("something else") : data, cancellationToken);
    }

    private sealed class Welcome : ServerAuthenticator
    {
        public override ValueTask<IReadOnlyList<IReadOnlyList<string>>> BeginAsync(string user, CancellationToken cancellationToken) => new([["password"]]);

        public override ValueTask<bool> AcceptsPasswordAsync(ReadOnlyMemory<byte> password, CancellationToken cancellationToken) => new(true);
    }
}
