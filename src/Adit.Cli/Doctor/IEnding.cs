namespace Adit.Cli.Doctor;

/// <summary>Ends what was found, and nothing that has come in its place since.</summary>
internal interface IEnding
{
    /// <summary>Ends it.</summary>
    /// <returns>What was done, in words.</returns>
    /// <exception cref="EndingException">It is still there.</exception>
    Task<string> EndAsync(CancellationToken cancellationToken);
}

/// <summary>Something could not be ended. The message says why, and what to do.</summary>
internal sealed class EndingException(string message, Exception? inner = null) : Exception(message, inner);
