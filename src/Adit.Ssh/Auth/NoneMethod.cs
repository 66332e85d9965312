namespace Adit.Ssh.Auth;

/// <summary>The "none" request, RFC 4252 section 5.2: asks which methods the server takes, and is let in where no authentication is needed.</summary>
internal sealed class NoneMethod : ClientAuthMethod
{
    public override string Name => "none";

    internal override async ValueTask<AuthOutcome> TryAsync(ClientAuthentication authentication, CancellationToken cancellationToken)
    {
        authentication.Request(Name, []);
        return await authentication.OutcomeAsync(cancellationToken).ConfigureAwait(false);
    }
}
