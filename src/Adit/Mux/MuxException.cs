namespace Adit.Mux;

/// <summary>A connection cannot be shared, or a master did not do what it was asked for. The message says why, for people.</summary>
internal sealed class MuxException : IOException
{
    /// <summary>Creates the exception with what happened.</summary>
    public MuxException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
