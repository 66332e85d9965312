using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>A key that an agent holds and signs with. Usable as long as its <see cref="SshAgent"/> is. Safe to use from several threads.</summary>
public sealed class AgentKey : ISshSigner
{
    private readonly SshAgent _agent;
    private readonly SshPublicKey _held;

    internal AgentKey(SshAgent agent, SshPublicKey held, string comment)
        : this(agent, held, held, comment)
    {
    }

    private AgentKey(SshAgent agent, SshPublicKey held, SshPublicKey presented, string comment)
    {
        _agent = agent;
        _held = held;
        PublicKey = presented;
        Comment = comment;
    }

    /// <inheritdoc/>
    public SshPublicKey PublicKey { get; }

    /// <summary>The comment under which the agent holds it. It is the agent's text: show no control characters of it.</summary>
    public string Comment { get; }

    /// <inheritdoc/>
    public string Source => Comment.Length > 0 ? $"agent ({PeerText.Printable(Comment)})" : "agent";

    /// <summary>The same key presenting a certificate that the agent does not hold (CertificateFile of ssh_config).</summary>
    /// <exception cref="SshKeyException">The certificate is for another key, or is none.</exception>
    public AgentKey WithCertificate(SshPublicKey certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (certificate.Certificate is null)
            throw new SshKeyException(SshKeyError.Malformed, "a plain key was given in place of the key's certificate");
        if (!certificate.WithoutCertificate.Equals(_held.WithoutCertificate))
            throw new SshKeyException(SshKeyError.Malformed, "the certificate is for another key");
        return new(_agent, _held, certificate, Comment);
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> SignAsync(string signatureAlgorithm, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        // Without this an agent asked for ssh-rsa would sign with SHA-1.
        if (!PublicKey.SignatureAlgorithms.Contains(signatureAlgorithm))
            throw new SshKeyException(SshKeyError.Unsupported, $"a key of type {PublicKey.KeyType} does not sign with {signatureAlgorithm}");

        // The signature is the same either way; the agent knows its key by the blob that it listed.
        string plain = KeyType.WithoutCertificate(signatureAlgorithm);
        return _agent.SignAsync(_held, _held.Certificate is null ? plain : plain + KeyType.CertificateSuffix, data, cancellationToken);
    }
}
