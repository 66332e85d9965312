using System.Security.Cryptography;
using Adit.Ssh.Crypto;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Keys;

[Collection(KeyFolderCollection.Name)]
public sealed class SshCertificateTests(KeyFolder folder)
{
    private const string CertificateSuffix = "-cert-v01@openssh.com";

    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [MemberData(nameof(KeyFolder.Types), MemberType = typeof(KeyFolder))]
    public async Task A_certificate_of_ssh_keygen_is_read_whole(string type)
    {
        SshPublicKey key = await folder.CertifyAsync(
            type, "ssh-ed25519", "-I", "the id", "-n", "alice,bob", "-z", "18446744073709551615", "-V", "20260101000000Z:20270101000000Z");
        SshCertificate certificate = key.Certificate!;
        SshPublicKey plain = KeyFolder.ReadPublic(await folder.KeyAsync(type) + ".pub");
        Assert.Equal(type + CertificateSuffix, key.KeyType);
        Assert.Equal(plain.ShortName + "-CERT", key.ShortName);
        Assert.Equal(plain.Bits, key.Bits);
        Assert.Equal(plain.Fingerprint, key.Fingerprint);
        Assert.Equal(plain, certificate.Key);
        Assert.Same(certificate.Key, key.WithoutCertificate);
        Assert.Equal(plain.SignatureAlgorithms.Select(name => name + CertificateSuffix), key.SignatureAlgorithms);
        Assert.Equal(ulong.MaxValue, certificate.Serial);
        Assert.Equal(CertificateKind.User, certificate.Kind);
        Assert.Equal("the id", certificate.KeyId);
        Assert.Equal(["alice", "bob"], certificate.Principals);
        Assert.Equal((ulong)new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), certificate.ValidAfter);
        Assert.Equal((ulong)new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), certificate.ValidBefore);
        Assert.Empty(certificate.CriticalOptions);
        Assert.Equal(
            ["permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"],
            certificate.Extensions.Select(static option => option.Key));
        Assert.Equal(KeyFolder.ReadPublic(await folder.KeyAsync("ssh-ed25519") + ".pub"), certificate.SigningKey);
    }

    [Theory]
    [MemberData(nameof(KeyFolder.Types), MemberType = typeof(KeyFolder))]
    public async Task A_certificate_signed_by_any_type_of_key_is_read_and_described_as_ssh_keygen_does(string caType)
    {
        string copy = await folder.CopyAsync("ssh-ed25519");
        await KeyFolder.RunAsync("ssh-keygen", ["-q", "-s", await folder.KeyAsync(caType), "-h", "-I", "host", "-n", "db.example", copy + ".pub"]);
        SshPublicKey key = KeyFolder.ReadPublic(copy + "-cert.pub");
        Assert.Equal(caType, key.Certificate!.SigningKey.KeyType);
        Assert.Equal(key.Certificate.SigningKey.SignatureAlgorithms[0], key.Certificate.SignatureAlgorithm);
        Assert.Equal(CertificateKind.Host, key.Certificate.Kind);
        Assert.Equal(ulong.MaxValue, key.Certificate.ValidBefore);
        Assert.Equal(0UL, key.Certificate.ValidAfter);
        Assert.Null(key.Certificate.Refusal(CertificateKind.Host, "db.example", Now));
        string described = await KeyFolder.RunAsync("ssh-keygen", ["-lf", copy + "-cert.pub"]);
        Assert.Equal($"{key.Bits} {key.Fingerprint} comment of ssh-ed25519 ({key.ShortName})", described.Trim());
    }

    [Fact]
    public async Task Options_are_read_in_order_with_their_values()
    {
        SshPublicKey key = await folder.CertifyAsync(
            "ssh-ed25519", "ssh-ed25519", "-I", "x", "-n", "alice", "-O", "clear", "-O", "permit-pty", "-O", "extension:zz@example.org=1",
            "-O", "extension:aa@example.org", "-O", "source-address=10.0.0.0/8,::1/128", "-O", "force-command=/bin/true", "-O", "critical:zz@example.org=v");
        SshCertificate certificate = key.Certificate!;
        Assert.Equal(["force-command", "source-address", "zz@example.org"], certificate.CriticalOptions.Select(static option => option.Key));
        Assert.Equal(["/bin/true", "10.0.0.0/8,::1/128", "v"], certificate.CriticalOptions.Select(static option => Value(option.Value)));
        Assert.Equal(["aa@example.org", "permit-pty", "zz@example.org"], certificate.Extensions.Select(static option => option.Key));
        Assert.Empty(certificate.Extensions[1].Value);
    }

    [Theory]
    [InlineData(null, "force-command=/bin/true")]
    [InlineData(null, "source-address=10.0.0.0/8")]
    [InlineData("it has the unknown critical option verify-required", "verify-required")]
    [InlineData("it has the unknown critical option limits@example.org", "critical:limits@example.org=1")]
    public async Task A_user_certificate_is_refused_with_a_critical_option_that_nobody_here_enforces(string? refusal, string option)
    {
        SshPublicKey key = await folder.CertifyAsync("ssh-ed25519", "ssh-ed25519", "-I", "x", "-n", "alice", "-O", option);
        Assert.Single(key.Certificate!.CriticalOptions);
        Assert.Equal(refusal, key.Certificate.Refusal(CertificateKind.User, "alice", Now));
    }

    [Fact]
    public void A_host_certificate_is_refused_with_any_critical_option()
    {
        foreach (string option in (string[])["force-command", "source-address", "x@example.org"])
        {
            SshCertificate certificate = new Draft { Kind = 2, CriticalOptions = [(option, "v")] }.Read();
            Assert.Equal($"it has the unknown critical option {option}", certificate.Refusal(CertificateKind.Host, "alice", Now));
        }
    }

    [Fact]
    public void A_certificate_is_accepted_from_its_first_second_to_before_its_last()
    {
        ulong now = (ulong)Now.ToUnixTimeSeconds();
        (ulong After, ulong Before, string? Refusal)[] cases =
        [
            (0, ulong.MaxValue, null), (now, now + 1, null), (now + 1, ulong.MaxValue, "it is not yet valid"), (0, now, "it has expired"),
            (now, now, "it has expired"), (ulong.MaxValue, 0, "it is not yet valid"),
        ];
        foreach ((ulong after, ulong before, string? refusal) in cases)
        {
            SshCertificate certificate = new Draft { ValidAfter = after, ValidBefore = before }.Read();
            Assert.Equal(refusal, certificate.Refusal(CertificateKind.User, "alice", Now));
        }

        SshCertificate forever = new Draft().Read();
        Assert.Null(forever.Refusal(CertificateKind.User, "alice", DateTimeOffset.UnixEpoch));
        Assert.Null(forever.Refusal(CertificateKind.User, "alice", DateTimeOffset.MaxValue));
        Assert.Equal("it is not yet valid", forever.Refusal(CertificateKind.User, "alice", DateTimeOffset.UnixEpoch.AddSeconds(-1)));
    }

    [Fact]
    public void A_certificate_of_the_other_kind_is_refused()
    {
        Assert.Equal("it is a host certificate where a user certificate is needed", new Draft { Kind = 2 }.Read().Refusal(CertificateKind.User, "alice", Now));
        Assert.Equal("it is a user certificate where a host certificate is needed", new Draft { Kind = 1 }.Read().Refusal(CertificateKind.Host, "alice", Now));
    }

    [Theory]
    [InlineData("alice", true)]
    [InlineData("Alice", false)]
    [InlineData("alic", false)]
    [InlineData("alice2", false)]
    [InlineData("", false)]
    public void A_user_certificate_holds_for_its_principals_exactly(string user, bool accepted) =>
        Assert.Equal(accepted, new Draft { Principals = ["bob", "alice"] }.Read().Refusal(CertificateKind.User, user, Now) is null);

    // As OpenSSH 9.2 does. The name of the host comes in lower case.
    [Theory]
    [InlineData("db.example", "db.example", true)]
    [InlineData("DB.example", "db.example", false)]
    [InlineData("*.example", "db.example", false)]
    [InlineData("*", "db.example", false)]
    [InlineData("*", "*", true)]
    [InlineData("db.example", "db.example.", false)]
    public void A_host_certificate_holds_for_its_names_exactly_and_without_patterns(string principal, string host, bool accepted) =>
        Assert.Equal(accepted, new Draft { Kind = 2, Principals = [principal] }.Read().Refusal(CertificateKind.Host, host, Now) is null);

    [Fact]
    public async Task A_certificate_without_principals_is_accepted_for_nobody_and_no_host()
    {
        SshPublicKey host = await folder.CertifyAsync("ssh-ed25519", "ssh-ed25519", "-h", "-I", "x");
        SshPublicKey user = await folder.CertifyAsync("ssh-ed25519", "ssh-ed25519", "-I", "x");
        Assert.Equal("it names no principals", host.Certificate!.Refusal(CertificateKind.Host, "db.example", Now));
        Assert.Equal("it names no principals", user.Certificate!.Refusal(CertificateKind.User, "alice", Now));
        Assert.Equal("it names no principals", host.Certificate!.Refusal(CertificateKind.Host, "", Now));
    }

    [Fact]
    public void What_the_signer_wrote_reaches_messages_without_control_characters()
    {
        SshCertificate certificate = new Draft { Principals = ["\u001b[2Jroot", "\u202emoc"], CriticalOptions = [("a", "")] }.Read();
        string refusal = certificate.Refusal(CertificateKind.User, "alice", Now)!;
        Assert.Equal("its principals are ?[2Jroot, ?moc, and alice is not among them", refusal);
        SshKeyException unsigned = KeyBytes.Refused(SshKeyError.Malformed, () => new Draft { KeyId = "\u001b]0;id\a", Tampered = true }.Read());
        Assert.DoesNotContain('\u001b', unsigned.Message);
        Assert.DoesNotContain('\a', unsigned.Message);
    }

    [Fact]
    public async Task A_certificate_with_any_byte_changed_is_refused()
    {
        byte[] blob = (await folder.CertifyAsync("ecdsa-sha2-nistp256", "ssh-ed25519", "-I", "x", "-n", "a")).Blob.ToArray();
        for (int i = 0; i < blob.Length; i++)
        {
            blob[i] ^= (byte)(1 << (i % 8));
            Assert.Throws<SshKeyException>(() => SshPublicKey.Parse(blob));
            blob[i] ^= (byte)(1 << (i % 8));
        }

        for (int length = 0; length < blob.Length; length++)
            Assert.Throws<SshKeyException>(() => SshPublicKey.Parse(blob.AsSpan(0, length)));
        Assert.Throws<SshKeyException>(() => SshPublicKey.Parse([.. blob, 0]));
        Assert.NotNull(SshPublicKey.Parse(blob).Certificate);
    }

    [Fact]
    public void Options_out_of_order_or_repeated_are_refused()
    {
        KeyBytes.Refused(SshKeyError.Malformed, () => new Draft { Extensions = [("b", ""), ("a", "")] }.Read());
        KeyBytes.Refused(SshKeyError.Malformed, () => new Draft { Extensions = [("a", ""), ("a", "")] }.Read());
        KeyBytes.Refused(SshKeyError.Malformed, () => new Draft { CriticalOptions = [("source-address", "x"), ("force-command", "y")] }.Read());
        Assert.Equal(3, new Draft { Extensions = [("Z", ""), ("a", ""), ("b", "")] }.Read().Extensions.Count);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(3u)]
    [InlineData(uint.MaxValue)]
    public void A_certificate_of_an_unknown_kind_is_refused(uint kind) => KeyBytes.Refused(SshKeyError.Malformed, () => new Draft { Kind = kind }.Read());

    [Fact]
    public void Principals_and_options_are_limited_in_number()
    {
        Assert.Equal(256, new Draft { Principals = [.. Enumerable.Range(0, 256).Select(static i => $"p{i}")] }.Read().Principals.Count);
        KeyBytes.Refused(SshKeyError.Malformed, () => new Draft { Principals = [.. Enumerable.Range(0, 257).Select(static i => $"p{i}")] }.Read());
        KeyBytes.Refused(SshKeyError.Malformed, () => new Draft { Extensions = [.. Enumerable.Range(0, 257).Select(static i => ($"x{i:d3}", ""))] }.Read());
    }

    [Fact]
    public async Task A_certificate_signed_by_a_certificate_is_refused()
    {
        SshPublicKey certificate = await folder.CertifyAsync("ssh-ed25519", "ssh-ed25519", "-I", "x", "-n", "a");
        SshKeyException refusal = KeyBytes.Refused(SshKeyError.Malformed, () => new Draft { Authority = certificate.Blob.ToArray() }.Read());
        Assert.Contains("another certificate", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_signed_with_SHA_1_or_by_a_weak_or_foreign_key_is_refused()
    {
        using RSA rsa = RSA.Create(2048), weak = RSA.Create(1024);
        byte[] authority = PublicBlob(rsa);
#pragma warning disable CA5350 // The signature is made so that it can be refused.
        byte[] sha1 = Signed(authority, data => KeyBytes.Signature("ssh-rsa", rsa.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1)));
#pragma warning restore CA5350
        byte[] sha256 = Signed(authority, data => KeyBytes.Signature("rsa-sha2-256", rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        byte[] byWeak = Signed(PublicBlob(weak), data => KeyBytes.Signature("rsa-sha2-256", weak.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        byte[] renamed = Signed(authority, data => KeyBytes.Signature("rsa-sha2-512", rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        Assert.NotNull(SshPublicKey.Parse(sha256).Certificate);
        Assert.Contains("ssh-rsa", KeyBytes.Refused(SshKeyError.Malformed, () => SshPublicKey.Parse(sha1)).Message, StringComparison.Ordinal);
        KeyBytes.Refused(SshKeyError.Malformed, () => SshPublicKey.Parse(renamed));
        KeyBytes.Refused(SshKeyError.Unsupported, () => SshPublicKey.Parse(byWeak));
        KeyBytes.Refused(SshKeyError.Unsupported, () => SshPublicKey.Parse(Signed(
            KeyBytes.Of(static (ref SshWriter writer) => writer.WriteString("sk-ssh-ed25519@openssh.com")), static _ => [])));
    }

    [Fact]
    public void A_weak_key_does_not_become_acceptable_by_a_certificate()
    {
        using RSA weak = RSA.Create(1024);
        byte[] fields = PublicBlob(weak)[11..];
        KeyBytes.Refused(SshKeyError.Unsupported, () => new Draft { Type = "ssh-rsa", KeyFields = fields }.Read());
    }

    [Fact]
    public async Task The_line_of_a_certificate_is_read_with_its_own_type_only()
    {
        SshPublicKey key = await folder.CertifyAsync("ssh-ed25519", "ssh-ed25519", "-I", "x", "-n", "a");
        Assert.True(SshPublicKey.TryParseLine($"{key} me", out SshPublicKey? read, out _));
        Assert.Equal(key, read);
        Assert.NotEqual(key, key.WithoutCertificate);
        Assert.False(SshPublicKey.TryParseLine($"ssh-ed25519 {Convert.ToBase64String(key.Blob.Span)}", out _, out _));
    }

    private static string Value(byte[] data)
    {
        var reader = new SshReader(data);
        string value = reader.ReadText();
        reader.ReadEnd();
        return value;
    }

    private static byte[] PublicBlob(RSA rsa)
    {
        RSAParameters fields = rsa.ExportParameters(includePrivateParameters: false);
        return KeyBytes.Rsa(fields.Exponent!, fields.Modulus!);
    }

    private static byte[] Signed(byte[] authority, Func<byte[], byte[]> sign)
    {
        byte[] body = new Draft().Body(authority);
        return [.. body, .. KeyBytes.Of((ref SshWriter writer) => writer.WriteString(sign(body)))];
    }

    /// <summary>A certificate to be put together, with everything open to lies.</summary>
    private sealed class Draft
    {
        public string Type { get; init; } = "ssh-ed25519";

        public byte[]? KeyFields { get; init; }

        public uint Kind { get; init; } = 1;

        public string KeyId { get; init; } = "id";

        public string[] Principals { get; init; } = ["alice"];

        public ulong ValidAfter { get; init; }

        public ulong ValidBefore { get; init; } = ulong.MaxValue;

        public (string Name, string Value)[] CriticalOptions { get; init; } = [];

        public (string Name, string Value)[] Extensions { get; init; } = [];

        public byte[]? Authority { get; init; }

        public bool Tampered { get; init; }

        public SshCertificate Read()
        {
            byte[] seed = TestBytes.Of(Ed25519.SeedSize), publicKey = new byte[Ed25519.PublicKeySize], signature = new byte[Ed25519.SignatureSize];
            Ed25519.PublicKey(seed, publicKey);
            byte[] body = Body(Authority ?? KeyBytes.Ed25519(publicKey));
            Ed25519.Sign(seed, body, signature);
            if (Tampered)
                signature[^1] ^= 1;
            byte[] signed = KeyBytes.Of((ref SshWriter writer) => writer.WriteString(KeyBytes.Signature("ssh-ed25519", signature)));
            return SshPublicKey.Parse([.. body, .. signed]).Certificate!;
        }

        public byte[] Body(byte[] authority) => KeyBytes.Of((ref SshWriter writer) =>
        {
            writer.WriteString(Type + CertificateSuffix);
            writer.WriteString(TestBytes.Of(32));
            if (KeyFields is null)
                writer.WriteString(new byte[32]);
            else
                writer.WriteBytes(KeyFields);
            writer.WriteUInt64(7);
            writer.WriteUInt32(Kind);
            writer.WriteString(KeyId);
            writer.WriteString(KeyBytes.Of((ref SshWriter names) =>
            {
                foreach (string principal in Principals)
                    names.WriteString(principal);
            }));
            writer.WriteUInt64(ValidAfter);
            writer.WriteUInt64(ValidBefore);
            writer.WriteString(Options(CriticalOptions));
            writer.WriteString(Options(Extensions));
            writer.WriteString("");
            writer.WriteString(authority);
        });

        private static byte[] Options((string Name, string Value)[] options) => KeyBytes.Of((ref SshWriter writer) =>
        {
            foreach ((string name, string value) in options)
            {
                writer.WriteString(name);
                writer.WriteString(KeyBytes.Of((ref SshWriter data) => data.WriteString(value)));
            }
        });
    }
}
