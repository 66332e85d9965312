using System.Globalization;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>
/// Decides which targets the users of a remote SOCKS forward may reach: ssh_config(5), PermitRemoteOpen. Names are compared as they are
/// written, and never looked up. Immutable.
/// </summary>
internal sealed class PermitRemoteOpen : Admission
{
    private const string Keyword = "PermitRemoteOpen";
    private const string Any = "any";
    private const string Wildcard = "*";

    private readonly ForwardPermit[]? _permits;

    private PermitRemoteOpen(ForwardPermit[]? permits) => _permits = permits;

    /// <summary>Reads the arguments of the keyword: <c>any</c>, <c>none</c>, or entries <c>host:port</c>, of which each part may be <c>*</c>.</summary>
    /// <param name="entries">The arguments; none of them, the default of the keyword, stands for <c>any</c>.</param>
    /// <exception cref="FormatException">They are malformed; the message says what to write.</exception>
    public static PermitRemoteOpen Parse(IReadOnlyList<string> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        switch (entries)
        {
            case [] or [Any]:
                return new(null);
            case [ForwardPermit.None]:
                return new([]);
        }
        if (entries.FirstOrDefault(static entry => entry is Any or ForwardPermit.None) is { } alone)
            throw new FormatException($"{Keyword} {alone} stands for itself; write it without other entries");
        return new([.. entries.Select(static entry => ForwardPermit.Parse(Keyword, entry, mayOmitHost: false))]);
    }

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
        if (_permits is null)
            return true;
        if (target.IsUnix)
            return false;
        string port = target.Port.ToString(CultureInfo.InvariantCulture);
        return _permits.Any(permit => (permit.Port == Wildcard || permit.Port == port)
            && (permit.Host == Wildcard || permit.Host.Equals(target.Host, StringComparison.OrdinalIgnoreCase)));
    }
}
