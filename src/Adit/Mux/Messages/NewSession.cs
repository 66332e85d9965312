using Adit.Ssh;
using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks for a session. Three descriptors follow: input, output, error.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
/// <param name="WantsTerminal">A pseudo-terminal on the server.</param>
/// <param name="WantsX11">X11 forwarding.</param>
/// <param name="WantsAgent">Agent forwarding.</param>
/// <param name="IsSubsystem">The command is the name of a subsystem.</param>
/// <param name="EscapeChar">The escape character's code; <see cref="NoEscapeChar"/> for none.</param>
/// <param name="Terminal">The client's <c>TERM</c>.</param>
/// <param name="Command">The command; empty for a shell.</param>
/// <param name="Environment">Variables as <c>NAME=value</c>. Those that are no text are left out, since a server may refuse any.</param>
internal readonly record struct NewSession(
    uint RequestId,
    bool WantsTerminal,
    bool WantsX11,
    bool WantsAgent,
    bool IsSubsystem,
    uint EscapeChar,
    string Terminal,
    string Command,
    IReadOnlyList<string> Environment) : IMuxMessage<NewSession>
{
    public const uint NoEscapeChar = 0xffffffff;
    public const int Descriptors = 3;

    private const int MaxTerminal = 1024;
    private const int MaxVariables = 4096;

    public static MuxMessageNumber Number => MuxMessageNumber.NewSession;

    public static NewSession Read(ref MuxReader reader)
    {
        uint requestId = reader.ReadUInt32();
        reader.ReadString(); // reserved
        return new(
            requestId,
            reader.ReadFlag(),
            reader.ReadFlag(),
            reader.ReadFlag(),
            reader.ReadFlag(),
            reader.ReadUInt32(),
            reader.ReadText(MaxTerminal),
            reader.ReadText(),
            ReadEnvironment(ref reader));
    }

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteString(string.Empty);
        writer.WriteFlag(WantsTerminal);
        writer.WriteFlag(WantsX11);
        writer.WriteFlag(WantsAgent);
        writer.WriteFlag(IsSubsystem);
        writer.WriteUInt32(EscapeChar);
        writer.WriteString(Terminal);
        writer.WriteString(Command);
        foreach (string variable in Environment)
            writer.WriteString(variable);
    }

    private static List<string> ReadEnvironment(ref MuxReader reader)
    {
        List<string> variables = [];
        for (int count = 0; !reader.AtEnd; count++)
        {
            if (count == MaxVariables)
                throw new SshFormatException($"more than {MaxVariables} variables are to be set");
            if (reader.ReadTextIfAny() is { } variable && variable.IndexOf('=', StringComparison.Ordinal) > 0)
                variables.Add(variable);
        }

        return variables;
    }
}
