namespace Adit.Probe;

/// <summary>What answers at a target is not what was expected. The message says what did.</summary>
internal sealed class ProbeException(string message, Exception? innerException = null) : IOException(message, innerException);
