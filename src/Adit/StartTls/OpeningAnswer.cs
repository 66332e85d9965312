namespace Adit.StartTls;

/// <summary>What came of an opening that this end answered. Immutable.</summary>
/// <param name="BeginsTls">Whether TLS begins now; if not, the connection goes on in the clear.</param>
/// <param name="Read">The bytes with which the connection goes on, in TLS or in the clear, that were read already.</param>
internal readonly record struct OpeningAnswer(bool BeginsTls, ReadOnlyMemory<byte> Read)
{
    /// <summary>Whether nothing of what the client sends further goes on.</summary>
    public bool Ends { get; init; }

    /// <summary>TLS begins now.</summary>
    public static OpeningAnswer Tls => new(true, default);
}
