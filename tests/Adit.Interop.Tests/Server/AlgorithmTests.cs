using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>Every algorithm that ssh may ask for, with data both ways.</summary>
public sealed class AlgorithmTests(ITestOutputHelper output) : ServerTest(output)
{
    private static readonly string[] HostKeyTypes = ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048"];

    [Theory]
    [InlineData("curve25519-sha256")]
    [InlineData("curve25519-sha256@libssh.org")]
    [InlineData("ecdh-sha2-nistp256")]
    [InlineData("ecdh-sha2-nistp384")]
    [InlineData("ecdh-sha2-nistp521")]
    [InlineData("diffie-hellman-group14-sha256")]
    [InlineData("diffie-hellman-group16-sha512")]
    [InlineData("diffie-hellman-group18-sha512")]
    public async Task Every_key_exchange_works(string name) =>
        await CarryAsync(new(), $"kex: algorithm: {name}\\s", $"KexAlgorithms={name}");

    [Theory]
    [InlineData("aes128-gcm@openssh.com")]
    [InlineData("aes256-gcm@openssh.com")]
    [InlineData("chacha20-poly1305@openssh.com")]
    [InlineData("aes128-ctr")]
    [InlineData("aes192-ctr")]
    [InlineData("aes256-ctr")]
    public async Task Every_cipher_works(string name) =>
        await CarryAsync(new(), $"kex: server->client cipher: {name} (.|\n)*kex: client->server cipher: {name} ", $"Ciphers={name}");

    [Theory]
    [InlineData("hmac-sha2-256")]
    [InlineData("hmac-sha2-512")]
    [InlineData("hmac-sha2-256-etm@openssh.com")]
    [InlineData("hmac-sha2-512-etm@openssh.com")]
    public async Task Every_mac_works(string name) =>
        await CarryAsync(new(), $"kex: server->client cipher: aes128-ctr MAC: {name} (.|\n)*kex: client->server cipher: aes128-ctr MAC: {name} ",
            "Ciphers=aes128-ctr", $"MACs={name}");

    [Theory]
    [InlineData("ssh-ed25519")]
    [InlineData("ecdsa-sha2-nistp256")]
    [InlineData("ecdsa-sha2-nistp384")]
    [InlineData("ecdsa-sha2-nistp521")]
    [InlineData("rsa-sha2-256")]
    [InlineData("rsa-sha2-512")]
    public async Task Every_host_key_algorithm_works(string name) =>
        await CarryAsync(new() { HostKeys = HostKeyTypes }, $"kex: host key algorithm: {name}\\s", $"HostKeyAlgorithms={name}");

    [Theory]
    [InlineData("ed25519", "ssh-ed25519")]
    [InlineData("ecdsa-256", "ecdsa-sha2-nistp256")]
    [InlineData("ecdsa-384", "ecdsa-sha2-nistp384")]
    [InlineData("ecdsa-521", "ecdsa-sha2-nistp521")]
    [InlineData("rsa-2048", "rsa-sha2-256")]
    [InlineData("rsa-2048", "rsa-sha2-512")]
    [InlineData("rsa-3072", "rsa-sha2-512")]
    public async Task Every_user_key_algorithm_works(string type, string name)
    {
        var key = await KeyPair.GetAsync(type, "login");

        await CarryAsync(new() { AuthorizedKeys = [key.PublicLine] }, $"Server accepts key: {key.PrivatePath} ",
            $"IdentityFile={key.PrivatePath}", $"PubkeyAcceptedAlgorithms={name}");
    }

    [Theory]
    [InlineData("ed25519", "ssh-ed25519-cert-v01@openssh.com")]
    [InlineData("ecdsa-256", "ecdsa-sha2-nistp256-cert-v01@openssh.com")]
    [InlineData("ecdsa-384", "ecdsa-sha2-nistp384-cert-v01@openssh.com")]
    [InlineData("ecdsa-521", "ecdsa-sha2-nistp521-cert-v01@openssh.com")]
    [InlineData("rsa-2048", "rsa-sha2-256-cert-v01@openssh.com")]
    [InlineData("rsa-2048", "rsa-sha2-512-cert-v01@openssh.com")]
    public async Task Every_user_certificate_algorithm_works(string type, string name)
    {
        var authority = await KeyPair.GetAsync("ecdsa-256", "authority");
        var identity = await Certificate.IssueAsync(authority, await KeyPair.GetAsync(type, "certified"), "-n", TestUser.Name);

        await CarryAsync(new() { AuthorizedKeys = [], Config = [$"TrustedUserCAKeys {authority.PrivatePath}.pub"] }, $"Server accepts key: {identity}.* .*-CERT ",
            $"IdentityFile={identity}", $"PubkeyAcceptedAlgorithms={name}");
    }

    [Theory]
    [InlineData("ed25519", "ssh-ed25519-cert-v01@openssh.com")]
    [InlineData("ecdsa-384", "ecdsa-sha2-nistp384-cert-v01@openssh.com")]
    [InlineData("rsa-2048", "rsa-sha2-256-cert-v01@openssh.com")]
    [InlineData("rsa-2048", "rsa-sha2-512-cert-v01@openssh.com")]
    public async Task Every_host_certificate_algorithm_works(string type, string name)
    {
        var authority = await KeyPair.GetAsync("ed25519", "authority");
        var certified = await Certificate.IssueAsync(authority, await KeyPair.GetAsync(type, "host"), "-h", "-n", "127.0.0.1");
        var server = await StartServerAsync(new SshdOptions { HostKeys = [type], Config = [$"HostCertificate {certified}-cert.pub"] });
        await File.WriteAllTextAsync(server.Client.KnownHostsPath, $"@cert-authority * {authority.PublicLine}\n");

        await CarryAsync(server, Mebibyte, $"kex: host key algorithm: {name}\\s", $"HostKeyAlgorithms={name}", "StrictHostKeyChecking=yes");
    }

    [Fact]
    public async Task A_client_that_has_nothing_in_common_is_told_what_is_offered()
    {
        var server = await StartServerAsync("Ciphers aes256-ctr");

        var client = await StartSshAsync(server, "-N", "-o", "Ciphers=aes128-ctr");

        await client.ErrorAsync("no matching cipher found. Their offer: aes256-ctr");
        Assert.Equal(ConnectionFailed, await client.ExitAsync());
    }

    [Fact]
    public async Task The_other_host_keys_are_told_and_proven()
    {
        var server = await StartServerAsync(new SshdOptions { HostKeys = HostKeyTypes });
        server.Client.Know(server.HostKeys[0]);

        var client = await StartSshAsync(server, "-N", "-o", "UpdateHostKeys=yes", "-o", "StrictHostKeyChecking=yes");

        await Patience.UntilAsync(() => File.ReadAllLines(server.Client.KnownHostsPath).Length == HostKeyTypes.Length, "ssh should learn all host keys", () => client.Log);
        Assert.All(server.HostKeys, key => Assert.Contains(key.PublicLine, File.ReadAllText(server.Client.KnownHostsPath), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("aes128-gcm@openssh.com", true)]
    [InlineData("aes128-gcm@openssh.com", false)]
    [InlineData("chacha20-poly1305@openssh.com", true)]
    [InlineData("chacha20-poly1305@openssh.com", false)]
    [InlineData("aes128-ctr", true)]
    [InlineData("aes128-ctr", false)]
    public async Task Not_a_byte_is_lost_when_keys_change_under_way(string cipher, bool byClient)
    {
        var server = await StartServerAsync(byClient ? [] : ["RekeyLimit 8M"]);

        await CarryAsync(server, 64 * Mebibyte, "(SSH2_MSG_NEWKEYS received(.|\n)*?){6}", $"Ciphers={cipher}", byClient ? "RekeyLimit=8M" : "RekeyLimit=default");
    }

    [Fact]
    public async Task Keys_that_are_worn_before_the_login_is_done_are_changed_after_it()
    {
        // ssh gives up when keys are to change while it authenticates.
        var server = await StartServerAsync("RekeyLimit 16");

        await CarryAsync(server, 64 * 1024, "(?s)Authenticated to.*(SSH2_MSG_NEWKEYS received.*?){3}");
    }

    private async Task CarryAsync(SshdOptions options, string logged, params IReadOnlyList<string> clientOptions) =>
        await CarryAsync(await StartServerAsync(options), Mebibyte, logged, clientOptions);

    private async Task CarryAsync(ServerPeer server, long bytes, string logged, params IReadOnlyList<string> clientOptions)
    {
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(bytes);
        int up = LoopbackPort.Free(), down = LoopbackPort.Free();
        var client = await StartSshAsync(server, ["-N", .. clientOptions.SelectMany(static option => (IEnumerable<string>)["-o", option]), "-L", Spec(up, sink.Port), "-L", Spec(down, source.Port)]);
        await LoopbackPort.UntilListeningAsync(up, client);
        await LoopbackPort.UntilListeningAsync(down, client);

        await Task.WhenAll(Bulk.SendAsync(up, bytes), Bulk.ReceiveAsync(down, bytes)).WithinAsync("both transfers should end", () => client.Log);

        await client.ErrorAsync(logged);
    }
}
