using System.Text;
using Adit.Sessions;

namespace Adit.Tests.Sessions;

/// <summary>Writes down what escape sequences do.</summary>
internal sealed class TypedActions : ISessionActions
{
    public bool IsMultiplexed { get; init; }

    public bool AllowsCommandLine { get; init; }

    public bool AllowsLocalCommands { get; init; }

    public bool LogsToTerminal { get; init; } = true;

    public bool GoesToBackground { get; init; } = true;

    public IReadOnlyList<OpenConnection> Open { get; init; } = [];

    public Queue<string?> Lines { get; init; } = new();

    public StringBuilder Said { get; } = new();

    public List<string> Done { get; } = [];

    public ValueTask SayAsync(string text, CancellationToken cancellationToken)
    {
        Said.Append(text);
        return default;
    }

    public void Disconnect() => Done.Add("disconnect");

    public ValueTask SuspendAsync(CancellationToken cancellationToken)
    {
        Done.Add("suspend");
        return default;
    }

    public ValueTask<bool> BackgroundAsync(CancellationToken cancellationToken)
    {
        Done.Add("background");
        return new(GoesToBackground);
    }

    public IReadOnlyList<OpenConnection> Connections() => Open;

    public string Connection() => "to somewhere\r\n";

    public void Break() => Done.Add("break");

    public void Rekey() => Done.Add("rekey");

    public string ChangeLogLevel(bool more)
    {
        Done.Add(more ? "more" : "less");
        return more ? "DEBUG1" : "QUIET";
    }

    public ValueTask<string?> AskAsync(string prompt, CancellationToken cancellationToken)
    {
        Said.Append(prompt);
        return new(Lines.Dequeue());
    }

    public ValueTask<string> RunAsync(EscapeCommand command, CancellationToken cancellationToken)
    {
        Done.Add($"{command.Kind} {command.Argument}");
        return new("done");
    }
}
