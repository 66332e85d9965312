using Adit.Ssh.Keys;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Auth;

/// <summary>
/// The "publickey" method, RFC 4252 section 7, with the algorithms of RFC 8332 and, where the server knows it,
/// publickey-hostbound-v00@openssh.com (OpenSSH's PROTOCOL section 1.8), which ties the signature to the server's host key.
/// Each key is offered first and signs only if the server would take it.
/// </summary>
/// <param name="keys">Keys to offer, in this order. A key may ask for its passphrase when it is to sign.</param>
/// <param name="algorithms">Signature algorithms that may be used; null for all.</param>
public sealed class PublicKeyMethod(IReadOnlyList<ISshSigner> keys, IReadOnlyList<string>? algorithms = null) : ClientAuthMethod
{
    private int _next;

    private readonly List<ISshSigner> _accepted = [];

    /// <summary>The keys whose signatures the server accepted, each counting as this method or a part of it.</summary>
    public IReadOnlyList<ISshSigner> Accepted => _accepted;

    /// <inheritdoc/>
    public override string Name => "publickey";

    internal override async ValueTask<AuthOutcome> TryAsync(ClientAuthentication authentication, CancellationToken cancellationToken)
    {
        while (_next < keys.Count)
        {
            ISshSigner key = keys[_next++];
            AuthOutcome outcome = await TryKeyAsync(authentication, key, cancellationToken).ConfigureAwait(false);
            if (outcome is not AuthOutcome.Exhausted)
                return outcome;
        }

        return AuthOutcome.Exhausted;
    }

    private async ValueTask<AuthOutcome> TryKeyAsync(ClientAuthentication authentication, ISshSigner key, CancellationToken cancellationToken)
    {
        string? algorithm = authentication.SignatureAlgorithmFor(key.PublicKey, algorithms);
        if (algorithm is null)
        {
            authentication.Note($"publickey {key.Source} ({key.PublicKey.KeyType}: no signature algorithm that the server takes)");
            return AuthOutcome.Exhausted;
        }

        authentication.Note($"publickey {key.Source} ({key.PublicKey.ShortName} {key.PublicKey.Fingerprint})");
        SshPublicKey? boundTo = authentication.HostBound ? authentication.HostKey : null;
        string method = boundTo is null ? "publickey" : PublicKeySignature.HostBound;
        authentication.Request(method, Fields(key.PublicKey, algorithm, boundTo, hasSignature: false));
        AuthReply reply = await authentication.ReplyAsync(cancellationToken).ConfigureAwait(false);
        if (reply.Number is not MessageNumber.UserAuthMethod60)
            return authentication.Outcome(reply);

        var accepted = Message.Decode<PublicKeyOk>(reply.Payload);
        if (accepted.Algorithm != algorithm || !key.PublicKey.Blob.Span.SequenceEqual(accepted.KeyBlob))
            throw new SshProtocolException(CloseReason.ProtocolError, "the server accepted a key that was not offered");

        byte[] fields = Fields(key.PublicKey, algorithm, boundTo, hasSignature: true);
        byte[] signature;
        try
        {
            signature = await key.SignAsync(algorithm, authentication.SignedData(method, fields), cancellationToken).ConfigureAwait(false);
        }
        catch (SshKeyException e)
        {
            // Another key may still do: a wrong passphrase or a refusing agent ends this key only.
            authentication.Note($"publickey {key.Source} did not sign: {e.Message}");
            return AuthOutcome.Exhausted;
        }

        authentication.Request(method, WithSignature(fields, signature));
        AuthOutcome outcome = await authentication.OutcomeAsync(cancellationToken).ConfigureAwait(false);
        if (outcome is AuthOutcome.Success or AuthOutcome.PartialSuccess)
            _accepted.Add(key);
        return outcome;
    }

    private static byte[] Fields(SshPublicKey key, string algorithm, SshPublicKey? boundTo, bool hasSignature)
    {
        var writer = new SshWriter(stackalloc byte[512]);
        writer.WriteBoolean(hasSignature);
        writer.WriteString(algorithm);
        writer.WriteString(key.Blob.Span);
        if (boundTo is not null)
            writer.WriteString(boundTo.Blob.Span);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }

    private static byte[] WithSignature(byte[] fields, byte[] signature)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteBytes(fields);
        writer.WriteString(signature);
        byte[] signed = writer.ToArray();
        writer.Dispose();
        return signed;
    }
}
