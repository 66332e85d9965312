using System.Net;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Gateway.Policy;

/// <summary>Who may connect to a remote forward: everybody who reaches it, or those on the list of AditPermitFrom.</summary>
internal sealed class SourceAdmission(Func<AddressPatternList?> list) : Admission
{
    public override ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (list() is not { } permitted || request.Connection.LocalEndpoint.IsUnix)
            return new(AdmissionVerdict.Admit());
        return new(IPAddress.TryParse(request.Connection.Origin.Address, out IPAddress? address) && permitted.Contains(address)
            ? AdmissionVerdict.Admit()
            : AdmissionVerdict.Refuse("AditPermitFrom does not permit the address"));
    }
}
