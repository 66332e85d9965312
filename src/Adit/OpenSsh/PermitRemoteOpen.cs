using System.Collections.Immutable;
using System.Globalization;
using Adit.Relay;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>
/// Decides which targets the users of a remote SOCKS forward may reach: ssh_config(5), PermitRemoteOpen. Names are compared as they are
/// written, and never looked up. Immutable.
/// </summary>
internal sealed class PermitRemoteOpen : Admission
{
    private const string Keyword = "PermitRemoteOpen";
    private const string Wildcard = "*";

    private readonly ImmutableArray<ForwardPermit>? _permits;

    /// <param name="permits">What may be reached; null for everything.</param>
    public PermitRemoteOpen(ImmutableArray<ForwardPermit>? permits) => _permits = permits;

    /// <inheritdoc/>
    public override ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new(request.Target is not { } target || Permits(target)
            ? AdmissionVerdict.Admit()
            : AdmissionVerdict.Refuse($"{Keyword} does not permit {Printable.Text(target.ToString())}"));
    }

    private bool Permits(Endpoint target)
    {
        if (_permits is not { } permits)
            return true;
        if (target.IsUnix)
            return false;
        string port = target.Port.ToString(CultureInfo.InvariantCulture);
        return permits.Any(permit => (permit.Port == Wildcard || permit.Port == port)
            && (permit.Host == Wildcard || permit.Host.Equals(target.Host, StringComparison.OrdinalIgnoreCase)));
    }
}
