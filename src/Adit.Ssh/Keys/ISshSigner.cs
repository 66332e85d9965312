namespace Adit.Ssh.Keys;

/// <summary>Something that signs with a private key: the key itself, or an agent that holds it.</summary>
public interface ISshSigner
{
    /// <summary>The public key or certificate that is presented.</summary>
    SshPublicKey PublicKey { get; }

    /// <summary>Where the key comes from, for messages: a path, or the agent.</summary>
    string Source { get; }

    /// <summary>Signs data; the result is the signature blob of RFC 4253 section 6.6.</summary>
    /// <param name="signatureAlgorithm">One of the key's <see cref="SshPublicKey.SignatureAlgorithms"/>.</param>
    /// <param name="data">What is signed.</param>
    /// <param name="cancellationToken">Gives up waiting, for an agent's user for example.</param>
    /// <exception cref="SshKeyException">The key cannot sign.</exception>
    ValueTask<byte[]> SignAsync(string signatureAlgorithm, ReadOnlyMemory<byte> data, CancellationToken cancellationToken);
}
