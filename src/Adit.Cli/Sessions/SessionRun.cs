using System.Collections;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Sessions;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Microsoft.Win32.SafeHandles;

namespace Adit.Cli.Sessions;

/// <summary>
/// One session between the server and the standard streams of this process: its terminal, if it has one, passes all keys on while the
/// session runs, and is as before behind it.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class SessionRun
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    private static readonly SafeFileHandle Input = new(StandardInput, ownsHandle: false);

    private TerminalMode? _mode;

    /// <summary>What runs; its terminal is put in here.</summary>
    public required SessionOptions Options { get; init; }

    /// <summary>Whether it gets a terminal.</summary>
    public TerminalDecision Terminal { get; init; }

    /// <summary>The kind of terminal. Default empty.</summary>
    public string Term { get; init; } = string.Empty;

    /// <summary>Whether it gets no input, as with <c>-n</c>.</summary>
    public bool InputIsNull { get; init; }

    /// <summary>The escape character, which counts only with a terminal; null for none.</summary>
    public byte? EscapeCharacter { get; init; }

    /// <summary>Makes what escape sequences do; null for no escape sequences.</summary>
    public Func<ClientSession, SessionRun, ISessionActions>? Actions { get; init; }

    /// <summary>Says what people should know.</summary>
    public required Action<string> Notice { get; init; }

    /// <summary>Whether standard input is a terminal.</summary>
    public static bool InputIsTerminal => TerminalDevice.Settings(Input) is not null;

    /// <summary>The variables of this process.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Variables() => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .Select(static entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? string.Empty));

    /// <summary>Opens the session and runs it to its end.</summary>
    /// <exception cref="SshException">The server refused it, or the connection ended before it began.</exception>
    /// <exception cref="OperationCanceledException">It was ended by the token.</exception>
    public async Task<SessionResult> RunAsync(SshConnection connection, CancellationToken cancellationToken)
    {
        bool wanted = Terminal is TerminalDecision.Wanted or TerminalDecision.Required;
        if (Terminal is TerminalDecision.Denied)
            Notice("there will be no terminal, as standard input is none");
        await using ClientSession session = await ClientSession.OpenAsync(connection, wanted ? Options with { Terminal = Describe() } : Options, cancellationToken);
        if (wanted && !session.HasTerminal)
            Notice("the server gives no terminal (PTY allocation request failed)");
        using var waiter = new DescriptorWaiter();
        using DescriptorStream input = DescriptorStream.Reader(Input, waiter, leaveOpen: true);
        using var outputHandle = new SafeFileHandle(StandardOutput, ownsHandle: false);
        using var errorHandle = new SafeFileHandle(StandardError, ownsHandle: false);
        using DescriptorStream output = DescriptorStream.Writer(outputHandle, waiter);
        using DescriptorStream error = DescriptorStream.Writer(errorHandle, waiter);
        void OnResize() => session.Resize(TerminalDevice.Size(Input));
        using PosixSignalRegistration? resized = session.HasTerminal ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => OnResize()) : null;
        try
        {
            if (session.HasTerminal)
            {
                TerminalMode.Continued += OnResize;
                _mode = TerminalMode.Enter(Input, TerminalDevice.When.Drained, static settings => settings.Raw());
                OnResize(); // it may have changed while the session was opened
            }

            return await session.RunAsync(new(Typed(session, input), output, error), cancellationToken);
        }
        finally
        {
            TerminalMode.Continued -= OnResize;
            _mode?.Dispose();
        }
    }

    /// <summary>The terminal as it was before the session, until the returned mode is disposed; null where there is none.</summary>
    public TerminalMode? Pause() => _mode?.Pause();

    private Stream? Typed(ClientSession session, DescriptorStream input)
    {
        if (InputIsNull)
            return null;
        return session.HasTerminal && EscapeCharacter is { } character && Actions is { } make
            ? new EscapeInput(input, new EscapeParser(character), make(session, this))
            : input;
    }

    private SessionTerminal Describe() => new()
    {
        Term = Term,
        Size = TerminalDevice.Size(Input),
        Modes = TerminalDevice.Settings(Input)?.Modes() ?? [],
        IsRequired = Terminal is TerminalDecision.Required,
    };
}
