using System.Security.Cryptography;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Auth;

/// <summary>The "password" method, RFC 4252 section 8.</summary>
/// <param name="ask">
/// Gives the next password as UTF-8, or null to give up; called with the number of the attempt, from 0. The array is cleared after use.
/// </param>
/// <param name="attempts">How often to ask. Default 3; 1 to 100.</param>
public sealed class PasswordMethod(Func<int, CancellationToken, ValueTask<byte[]?>> ask, int attempts = 3) : ClientAuthMethod
{
    private int _attempt;

    /// <inheritdoc/>
    public override string Name => "password";

    internal override async ValueTask<AuthOutcome> TryAsync(ClientAuthentication authentication, CancellationToken cancellationToken)
    {
        if (_attempt >= attempts || await ask(_attempt++, cancellationToken).ConfigureAwait(false) is not { } password)
            return AuthOutcome.Exhausted;
        authentication.Note(Name);
        byte[] fields = Fields(password);
        authentication.Request(Name, fields);
        CryptographicOperations.ZeroMemory(fields);
        CryptographicOperations.ZeroMemory(password);

        AuthReply reply = await authentication.ReplyAsync(cancellationToken).ConfigureAwait(false);
        if (reply.Number is not MessageNumber.UserAuthMethod60)
            return authentication.Outcome(reply);

        // Changing an expired password needs a session on the server; a tunnel has none.
        string prompt = Message.Decode<PasswordChangeRequest>(reply.Payload).Prompt;
        authentication.Note($"{Name} (expired; the server says: {prompt})");
        _attempt = attempts;
        return AuthOutcome.Exhausted;
    }

    private static byte[] Fields(byte[] password)
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteBoolean(false);
        writer.WriteString(password);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}
