using Adit.Wording;

namespace Adit.Tls;

/// <summary>Says in words why a handshake failed.</summary>
internal static class TlsFailure
{
    /// <summary>The innermost reason: .NET says further out only that something failed.</summary>
    public static string InWords(Exception e)
    {
        Exception reason = e;
        while (reason.InnerException is { } inner)
            reason = inner;
        string text = Printable.Text(reason.Message.ReplaceLineEndings(" ").Trim());
        return text switch
        {
            _ when text.Contains("wrong version number", StringComparison.OrdinalIgnoreCase) || text.Contains("corrupted frame", StringComparison.OrdinalIgnoreCase)
                || text.Contains("packet length too long", StringComparison.OrdinalIgnoreCase) => $"what came is not TLS ({text})",
            // What .NET says where it did not find a ClientHello to choose a certificate by.
            _ when e is NotSupportedException => "what came is not TLS (no ClientHello)",
            _ when text.Contains("unexpected EOF", StringComparison.OrdinalIgnoreCase) || text.Contains("0 bytes from the transport stream", StringComparison.OrdinalIgnoreCase) =>
                "the other end closed the connection during the handshake",
            _ => text,
        };
    }
}
