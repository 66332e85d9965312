using Adit.Relay;

namespace Adit.Probe;

/// <summary>What answers at a target is not what was expected. The message says what did.</summary>
internal sealed class ProbeException(Endpoint target, string reason, Exception? innerException = null) : IOException($"{target} {reason}", innerException)
{
    /// <summary>What is said of the target, without its name: "is not …".</summary>
    public string Reason => reason;
}
