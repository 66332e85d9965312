using Adit.Relay;

namespace Adit.TlsTunnels;

/// <summary>Admits as the service does that accepts, and then, once it is known, as the one that the client has asked for by name.</summary>
/// <param name="first">The admission of the service that accepts.</param>
/// <param name="named">Those of the services that have one of their own.</param>
internal sealed class NamedAdmission(Admission first, IReadOnlyDictionary<string, Admission> named) : Admission
{
    /// <inheritdoc/>
    internal override string? Rule => first.Rule;

    /// <inheritdoc/>
    public override ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) =>
        request.Target is not null && named.TryGetValue(request.Connection.Origin.Service, out Admission? own)
            ? own.AdmitAsync(request, cancellationToken)
            : first.AdmitAsync(request, cancellationToken);
}
