using Adit.Relay;

namespace Adit.Gateway.Policy;

/// <summary>Asks the policy at every opening of a channel, with the rules of that moment.</summary>
/// <param name="policy">The policy of this moment.</param>
/// <param name="terms">The time limits of a channel to this target.</param>
internal sealed class OpenAdmission(Func<ForwardPolicy> policy, Func<Endpoint, RelayOptions> terms) : Admission
{
    public override ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Target is not { } target)
            return new(AdmissionVerdict.Admit());
        return new(policy().RefusesOpen(target) is { } reason
            ? AdmissionVerdict.Refuse(reason)
            : AdmissionVerdict.Admit() with { Terms = terms(target) });
    }
}
