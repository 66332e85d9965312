using Adit.Wording;

namespace Adit.Stunnel;

/// <summary>Options of stunnel cannot be used. The message names the place and what to do.</summary>
internal sealed class StunnelException(ConfigPlace place, string message, Exception? innerException = null)
    : Exception($"{place}: {Printable.Text(message)}", innerException)
{
    /// <summary>Where it was written.</summary>
    internal ConfigPlace Place { get; } = place;
}
