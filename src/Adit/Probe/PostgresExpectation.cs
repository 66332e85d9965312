using Adit.Relay;

namespace Adit.Probe;

/// <summary>That PostgreSQL has to answer at a target. Immutable plain data.</summary>
/// <param name="Target">Where.</param>
/// <param name="Fingerprint">The SHA-256 of the certificate that it has to show, in lower-case hexadecimal; null for any, or none.</param>
internal sealed record PostgresExpectation(Endpoint Target, string? Fingerprint);
