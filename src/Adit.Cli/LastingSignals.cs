using System.Runtime.InteropServices;

namespace Adit.Cli;

/// <summary>Signals that this process answers itself until its very end: one that is delivered late may not replace its exit code.</summary>
internal static class LastingSignals
{
    private static readonly List<PosixSignalRegistration> Registrations = [];

    /// <summary>Calls <paramref name="answer"/> for each of these signals; none of them ends the process any more.</summary>
    public static void Answer(IEnumerable<PosixSignal> signals, Action<PosixSignal> answer)
    {
        foreach (PosixSignal signal in signals)
        {
            Registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                answer(context.Signal);
            }));
        }
    }
}
