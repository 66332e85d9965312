namespace Adit.Tls;

/// <summary>A responder that does not tell whether a certificate is revoked; the message says why, as what follows its address.</summary>
internal sealed class OcspException(string message, Exception? cause = null) : Exception(message, cause);
