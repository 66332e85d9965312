using Adit.Relay;

namespace Adit.TlsTunnels;

/// <summary>Admits as the service does that accepts, and then, once it is known, on the terms of the one that the client has asked for by name.</summary>
/// <param name="first">The admission of the service that accepts.</param>
/// <param name="named">Those of the others, where they have one of their own, with the limits of their connections.</param>
internal sealed class NamedAdmission(Admission first, IReadOnlyDictionary<string, (Admission? Own, RelayOptions Limits)> named) : Admission
{
    /// <inheritdoc/>
    internal override string? Rule => first.Rule;

    /// <inheritdoc/>
    public override async ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Target is null || !named.TryGetValue(request.Connection.Origin.Service, out (Admission? Own, RelayOptions Limits) asked))
            return await first.AdmitAsync(request, cancellationToken).ConfigureAwait(false);
        AdmissionVerdict verdict = await (asked.Own ?? first).AdmitAsync(request, cancellationToken).ConfigureAwait(false);
        return verdict with { Terms = asked.Limits };
    }
}
