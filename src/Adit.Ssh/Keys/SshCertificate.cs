using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>Whom a certificate speaks for.</summary>
public enum CertificateKind
{
    /// <summary>SSH_CERT_TYPE_USER.</summary>
    User = 1,

    /// <summary>SSH_CERT_TYPE_HOST.</summary>
    Host = 2,
}

/// <summary>
/// What an OpenSSH certificate says (PROTOCOL.certkeys). Its signature was checked when it was read; whether its signer is to be trusted
/// is the caller's question. Immutable.
/// </summary>
public sealed class SshCertificate
{
    private const int MaxPrincipals = 256;
    private const int MaxOptions = 256;

    private SshCertificate()
    {
    }

    /// <summary>The certified key.</summary>
    public required SshPublicKey Key { get; init; }

    /// <summary>The number that the signer gave it.</summary>
    public required ulong Serial { get; init; }

    /// <summary>User or host.</summary>
    public required CertificateKind Kind { get; init; }

    /// <summary>The name that the signer gave it, for logs. It is the peer's text: show no control characters of it.</summary>
    public required string KeyId { get; init; }

    /// <summary>
    /// User or host names that it holds for, compared exactly, as OpenSSH does. With none it is accepted for nothing here, where OpenSSH
    /// (up to 9.2 at least) takes a host certificate without principals for any host.
    /// </summary>
    public required IReadOnlyList<string> Principals { get; init; }

    /// <summary>Start of validity, in seconds since 1970.</summary>
    public required ulong ValidAfter { get; init; }

    /// <summary>End of validity, in seconds since 1970; 2^64 - 1 for none.</summary>
    public required ulong ValidBefore { get; init; }

    /// <summary>Options that must be understood, in their order on the wire.</summary>
    public required IReadOnlyList<KeyValuePair<string, byte[]>> CriticalOptions { get; init; }

    /// <summary>Options that may be ignored, in their order on the wire.</summary>
    public required IReadOnlyList<KeyValuePair<string, byte[]>> Extensions { get; init; }

    /// <summary>The key that signed it; a plain one.</summary>
    public required SshPublicKey SigningKey { get; init; }

    /// <summary>The algorithm with which it was signed.</summary>
    public string SignatureAlgorithm { get; private set; } = string.Empty;

    /// <summary>
    /// Why the certificate is not acceptable, or null when it is. Whether its signer is trusted is not asked here. Of a user certificate's
    /// critical options, <c>force-command</c> and <c>source-address</c> pass: who accepts the certificate must enforce them. Every other
    /// critical option is a refusal.
    /// </summary>
    /// <param name="kind">What it must speak for.</param>
    /// <param name="principal">The user or host name it must hold for.</param>
    /// <param name="now">The time at which it must be valid.</param>
    public string? Refusal(CertificateKind kind, string principal, DateTimeOffset now)
    {
        long seconds = now.ToUnixTimeSeconds();
        if (Kind != kind)
            return $"it is a {Name(Kind)} certificate where a {Name(kind)} certificate is needed";
        if (seconds < 0 || (ulong)seconds < ValidAfter)
            return "it is not yet valid";
        if ((ulong)seconds >= ValidBefore)
            return "it has expired";
        if (!Principals.Contains(principal))
            return Principals.Count == 0 ? "it names no principals" : $"its principals are {PeerText.Printable(string.Join(", ", Principals))}, and {principal} is not among them";

        // PROTOCOL.certkeys: what is critical and not understood is a refusal. verify-required is for security keys, which are not served.
        foreach ((string option, _) in CriticalOptions)
        {
            if (kind is not CertificateKind.User || option is not ("force-command" or "source-address"))
                return $"it has the unknown critical option {PeerText.Printable(option)}";
        }

        return null;
    }

    private static string Name(CertificateKind kind) => kind is CertificateKind.Host ? "host" : "user";

    internal static SshCertificate Read(KeyType type, ReadOnlySpan<byte> blob, ref SshReader reader)
    {
        reader.ReadString(); // nonce
        ReadOnlySpan<byte> fromKey = reader.Rest;
        KeyVerifier.Read(type.PlainName, ref reader);
        SshPublicKey key = SshPublicKey.FromFields(type.PlainName, fromKey[..^reader.Rest.Length]);
        var certificate = new SshCertificate
        {
            Key = key,
            Serial = reader.ReadUInt64(),
            Kind = ReadKind(reader.ReadUInt32()),
            KeyId = reader.ReadText(),
            Principals = ReadPrincipals(reader.ReadString()),
            ValidAfter = reader.ReadUInt64(),
            ValidBefore = reader.ReadUInt64(),
            CriticalOptions = ReadOptions(reader.ReadString()),
            Extensions = ReadOptions(reader.ReadString()),
            SigningKey = ReadSigningKey(ref reader),
        };
        ReadOnlySpan<byte> signed = blob[..^reader.Rest.Length];
        ReadOnlySpan<byte> signature = reader.ReadString();
        reader.ReadEnd();
        string algorithm = new SshReader(signature).ReadName();
        if (!certificate.SigningKey.Verify(algorithm, signed, signature))
            throw new SshKeyException(SshKeyError.Malformed, $"the signature on certificate \"{PeerText.Printable(certificate.KeyId)}\" is wrong, or of a kind that is not accepted ({PeerText.Printable(algorithm)})");
        certificate.SignatureAlgorithm = algorithm;
        return certificate;
    }

    private static SshPublicKey ReadSigningKey(ref SshReader reader)
    {
        reader.ReadString(); // reserved
        ReadOnlySpan<byte> blob = reader.ReadString();

        // Checked before it is read: certificates signed by certificates would nest without end.
        if (KeyType.Named(new SshReader(blob).ReadName()).IsCertificate)
            throw new SshKeyException(SshKeyError.Malformed, "a certificate is signed by another certificate");
        return SshPublicKey.Parse(blob);
    }

    private static CertificateKind ReadKind(uint kind) => kind is 1 or 2
        ? (CertificateKind)kind
        : throw new SshKeyException(SshKeyError.Malformed, $"a certificate is of the unknown kind {kind}");

    private static List<string> ReadPrincipals(ReadOnlySpan<byte> packed)
    {
        var principals = new List<string>();
        var reader = new SshReader(packed);
        while (!reader.AtEnd)
        {
            if (principals.Count == MaxPrincipals)
                throw new SshKeyException(SshKeyError.Malformed, $"a certificate names more than {MaxPrincipals} principals");
            principals.Add(reader.ReadText());
        }

        return principals;
    }

    private static List<KeyValuePair<string, byte[]>> ReadOptions(ReadOnlySpan<byte> packed)
    {
        var options = new List<KeyValuePair<string, byte[]>>();
        var reader = new SshReader(packed);
        while (!reader.AtEnd)
        {
            string name = reader.ReadName();
            if (options.Count == MaxOptions)
                throw new SshKeyException(SshKeyError.Malformed, $"a certificate has more than {MaxOptions} options");
            if (options.Count > 0 && string.CompareOrdinal(options[^1].Key, name) >= 0)
                throw new SshKeyException(SshKeyError.Malformed, "the options of a certificate are not in order, or repeated");
            options.Add(new(name, reader.ReadString().ToArray()));
        }

        return options;
    }
}
