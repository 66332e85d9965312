using Adit.Platform;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>A process as /proc shows it.</summary>
/// <param name="Status">Number, parent, session and start.</param>
/// <param name="HasTerminal">Whether a terminal can stop it.</param>
/// <param name="Owner">The user by whose rights it acts.</param>
/// <param name="Name">The short name of its program.</param>
/// <param name="Arguments">Its command line.</param>
internal sealed record ProcProcess(ProcessStatus Status, bool HasTerminal, uint Owner, string Name, IReadOnlyList<string> Arguments)
{
    private const int MostShown = 160;

    /// <summary>Its number.</summary>
    public int Pid => Status.Pid;

    /// <summary>When it began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Its command line for a person.</summary>
    public string CommandLine
    {
        get
        {
            string text = Printable.Text(Arguments.Count == 0 ? Name : string.Join(' ', Arguments));
            return text.Length <= MostShown ? text : $"{text.AsSpan(0, MostShown - 1)}…";
        }
    }

    /// <summary>Whether it leads a session without a terminal, so that the end of no terminal ends it.</summary>
    public bool IsDetached => Status.Session == Pid && !HasTerminal;
}
