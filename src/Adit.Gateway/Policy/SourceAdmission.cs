using System.Net;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Gateway.Policy;

/// <summary>Who may connect to a remote forward, and on which terms, by the rules of that moment: everybody who reaches it, or those on the list of AditPermitFrom.</summary>
/// <param name="list">The list; null for everybody.</param>
/// <param name="terms">The time limits of a connection.</param>
internal sealed class SourceAdmission(Func<AddressPatternList?> list, Func<RelayOptions> terms) : Admission
{
    public override ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        bool permitted = list() is not { } patterns
            || request.Connection.LocalEndpoint.IsUnix
            || (IPAddress.TryParse(request.Connection.Origin.Address, out IPAddress? address) && patterns.Contains(address));
        return new(permitted
            ? AdmissionVerdict.Admit() with { Terms = terms() }
            : AdmissionVerdict.Refuse("AditPermitFrom does not permit the address"));
    }
}
