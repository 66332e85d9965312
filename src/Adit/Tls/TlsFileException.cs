namespace Adit.Tls;

/// <summary>A file of keys, certificates or revocations cannot be used. The message names it and says why.</summary>
internal sealed class TlsFileException(string message, Exception? innerException = null) : IOException(message, innerException);
