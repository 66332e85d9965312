namespace Adit.StartTls;

/// <summary>TLS does not begin, since the peer does not agree to it or does not speak the protocol.</summary>
/// <param name="message">What is wrong, in words for people; what the peer said is printable in it.</param>
/// <param name="innerException">The cause, if there is one.</param>
internal sealed class OpeningException(string message, Exception? innerException = null) : IOException(message, innerException);
