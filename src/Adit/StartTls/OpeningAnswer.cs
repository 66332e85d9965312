namespace Adit.StartTls;

/// <summary>What came of an opening that this end answered. Immutable.</summary>
/// <param name="BeginsTls">Whether TLS begins now; if not, the connection goes on in the clear.</param>
/// <param name="Read">The bytes with which the connection in the clear begins, which were read already; empty where TLS begins.</param>
internal readonly record struct OpeningAnswer(bool BeginsTls, ReadOnlyMemory<byte> Read)
{
    /// <summary>TLS begins now.</summary>
    public static OpeningAnswer Tls => new(true, default);
}
