namespace Adit.Tls;

/// <summary>What was found of the other end's certificate. Immutable plain data.</summary>
/// <param name="Refusal">Why it is not accepted, in words; null where it is.</param>
/// <param name="Verification">How it was verified, in words; null where nothing was asked of it.</param>
internal sealed record TlsVerdict(string? Refusal, string? Verification)
{
    /// <summary>Who the certificate stands for; null where that was not asked.</summary>
    public string? User { get; init; }

    /// <summary>The chain that it was verified by, itself first, in DER: what is still to be asked about; empty for nothing.</summary>
    public IReadOnlyList<byte[]> Chain { get; init; } = [];

    /// <summary>Accepted, since nothing was asked of it.</summary>
    public static TlsVerdict Unverified { get; } = new(null, null);

    /// <summary>Accepted.</summary>
    public static TlsVerdict Yes(string verification) => new(null, verification);

    /// <summary>Not accepted.</summary>
    public static TlsVerdict No(string refusal) => new(refusal, null);
}
