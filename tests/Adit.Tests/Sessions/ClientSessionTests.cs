using System.IO.Pipelines;
using Adit.Sessions;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;

namespace Adit.Tests.Sessions;

/// <summary>Sessions against a server that a test speaks for.</summary>
public class ClientSessionTests
{
    [Fact]
    public async Task All_that_a_session_is_to_be_is_asked_for_at_once_and_in_order()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        Task<ClientSession> opening = ClientSession.OpenAsync(server.Client, new()
        {
            Kind = SessionKind.Command,
            Text = "ls -l ü",
            Terminal = new() { Term = "xterm", Size = new(80, 24, 640, 480), Modes = [new(53, 1), new(128, 38400)] },
            Environment = [new("LANG", "C"), new("EMPTY", "")],
        });
        IncomingRequest terminal = await server.RequestAsync();
        IncomingRequest[] variables = [await server.RequestAsync(), await server.RequestAsync()];
        IncomingRequest command = await server.RequestAsync();
        Assert.Equal(("pty-req", true), (terminal.Name, terminal.WantsReply));
        var asked = PtyRequest.Read(terminal.Fields.Span);
        Assert.Equal(("xterm", 80u, 24u, 640u, 480u), (asked.Term, asked.Columns, asked.Rows, asked.PixelWidth, asked.PixelHeight));
        Assert.Equal([53, 0, 0, 0, 1, 128, 0, 0, 150, 0, 0], asked.Modes);
        Assert.Equal([new("LANG", "C"), new("EMPTY", "")], variables.Select(request => EnvironmentRequest.Read(request.Fields.Span)));
        Assert.All(variables, static request => Assert.False(request.WantsReply));
        Assert.Equal(("exec", true, "ls -l ü"), (command.Name, command.WantsReply, SessionStart.Read(command.Fields.Span).Text));
        terminal.Succeed();
        command.Succeed();
        await using ClientSession session = await opening.TestTime();
        Assert.True(session.HasTerminal);
    }

    [Theory]
    [InlineData(SessionKind.Shell, "", "shell")]
    [InlineData(SessionKind.Subsystem, "sftp", "subsystem")]
    public async Task Shells_and_subsystems_have_requests_of_their_own(object kind, string text, string expected)
    {
        await using SessionServer server = await SessionServer.StartAsync();
        Task<ClientSession> opening = ClientSession.OpenAsync(server.Client, new() { Kind = (SessionKind)kind, Text = text });
        IncomingRequest request = await server.RequestAsync();
        request.Succeed();
        Assert.Equal(expected, request.Name);
        Assert.Equal(text.Length > 0, !request.Fields.IsEmpty);
        await (await opening.TestTime()).DisposeAsync();
    }

    [Theory]
    [InlineData(SessionKind.Shell, "text")]
    [InlineData(SessionKind.Command, "")]
    [InlineData(SessionKind.Command, "a\0b")]
    public async Task What_makes_no_sense_is_refused_before_the_server_is_asked(object kind, string text)
    {
        await using SessionServer server = await SessionServer.StartAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => ClientSession.OpenAsync(server.Client, new() { Kind = (SessionKind)kind, Text = text }));
    }

    [Fact]
    public async Task A_status_that_comes_behind_EOF_counts_and_its_lowest_byte_is_returned()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        using var output = new MemoryStream();
        Task<SessionResult> running = session.RunAsync(new(null, output, Stream.Null));
        await far.WriteAsync("last words"u8.ToArray());
        far.CompleteOutput();
        Assert.True((await far.ReadAsync().AsTask().TestTime()).IsEmpty);
        Assert.False(running.IsCompleted);
        far.Notify(ExitStatus.RequestName, new ExitStatus(0x1_0203).ToFields());
        await far.DisposeAsync();
        SessionResult result = await running.TestTime();
        Assert.Equal((0x1_0203u, 3), (result.Status, result.ExitCode));
        Assert.Equal("last words"u8.ToArray(), output.ToArray());
    }

    [Fact]
    public async Task A_signal_that_ended_the_command_is_told_in_printable_words()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        Task<SessionResult> running = session.RunAsync(new(null, Stream.Null, Stream.Null));
        far.Notify(ExitSignal.RequestName, new ExitSignal("SEGV", CoreDumped: true, "core \x1b[2J").ToFields());
        await far.DisposeAsync();
        SessionResult result = await running.TestTime();
        Assert.Equal(("SEGV", null, 255), (result.Signal, result.Status, result.ExitCode));
        Assert.Null(result.Lost);
    }

    [Fact]
    public async Task A_session_that_is_closed_without_a_word_returns_255_and_was_not_lost()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        Task<SessionResult> running = session.RunAsync(new(null, Stream.Null, Stream.Null));
        await far.DisposeAsync();
        Assert.Equal(new SessionResult(), await running.TestTime());
        Assert.Equal(255, (await running).ExitCode);
    }

    [Fact]
    public async Task Output_is_written_to_its_last_byte_before_a_slow_reader_hears_of_the_end()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        var slow = new Pipe(new PipeOptions(pauseWriterThreshold: 1024, resumeWriterThreshold: 512, useSynchronizationContext: false));
        byte[] data = TestBytes.Of(300_000);
        Task<SessionResult> running = session.RunAsync(new(null, slow.Writer.AsStream(), Stream.Null));
        await far.WriteAsync(data).AsTask().TestTime();
        far.Notify(ExitStatus.RequestName, new ExitStatus(0).ToFields());
        await far.DisposeAsync();
        byte[] received = new byte[data.Length];
        for (int read = 0; read < received.Length;)
        {
            Assert.False(running.IsCompleted);
            read += await slow.Reader.AsStream(leaveOpen: true).ReadAsync(received.AsMemory(read, Math.Min(1000, received.Length - read))).AsTask().TestTime();
        }

        Assert.Equal(0, (await running.TestTime()).ExitCode);
        Assert.Equal(data, received);
    }

    [Fact]
    public async Task When_the_server_says_that_nobody_reads_the_input_no_more_of_it_is_read()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        await using var input = new EndlessInput("one"u8.ToArray());
        Task<SessionResult> running = session.RunAsync(new(input, Stream.Null, Stream.Null));
        Assert.Equal("one"u8.ToArray(), (await far.ReadAsync().AsTask().TestTime()).ToArray());
        far.Notify("eow@openssh.com", []);
        await far.WriteAsync("x"u8.ToArray());
        await input.GivenUp.TestTime();
        Assert.False(running.IsCompleted);
        await far.DisposeAsync();
        await running.TestTime();
    }

    [Fact]
    public async Task Input_that_cannot_be_read_is_an_error_and_never_looks_like_its_end()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        var input = new Pipe();
        await input.Writer.WriteAsync("part"u8.ToArray());
        Task<SessionResult> running = session.RunAsync(new(input.Reader.AsStream(), Stream.Null, Stream.Null));
        Assert.Equal("part"u8.ToArray(), (await far.ReadAsync().AsTask().TestTime()).ToArray());
        await input.Writer.CompleteAsync(new IOException("disk on fire"));
        Assert.Equal("disk on fire", (await Assert.ThrowsAsync<IOException>(() => running.TestTime())).Message);
        await far.WaitForCloseAsync().TestTime();
    }

    [Fact]
    public async Task Errors_that_nobody_takes_are_dropped_and_the_output_goes_on()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        using var output = new MemoryStream();
        Task<SessionResult> running = session.RunAsync(new(null, output, new Broken()));
        for (int i = 0; i < 100; i++)
            await far.WriteErrorAsync(new byte[64 * 1024]).AsTask().TestTime();
        await far.WriteAsync("out"u8.ToArray());
        await far.DisposeAsync();
        await running.TestTime();
        Assert.Equal("out"u8.ToArray(), output.ToArray());
    }

    [Fact]
    public async Task Sizes_signals_and_breaks_are_told_as_they_come()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel _) = await server.OpenAsync(new() { Terminal = new() { Term = "xterm" } });
        await using ClientSession owner = session;
        session.Resize(new(132, 43, 1, 2));
        session.Signal("HUP");
        session.Break(TimeSpan.FromSeconds(1));
        Assert.Equal(new WindowChange(132, 43, 1, 2), WindowChange.Read((await server.RequestAsync()).Fields.Span));
        Assert.Equal(new SessionSignal("HUP"), SessionSignal.Read((await server.RequestAsync()).Fields.Span));
        IncomingRequest last = await server.RequestAsync();
        Assert.Equal(("break", new SessionBreak(1000)), (last.Name, SessionBreak.Read(last.Fields.Span)));
    }

    [Fact]
    public async Task Without_a_terminal_no_size_is_told()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel _) = await server.OpenAsync();
        await using ClientSession owner = session;
        session.Resize(new(132, 43, 0, 0));
        session.Signal("HUP");
        Assert.Equal("signal", (await server.RequestAsync()).Name);
    }

    [Fact]
    public async Task A_malformed_status_is_a_fault_of_the_server()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        Task<SessionResult> running = session.RunAsync(new(null, Stream.Null, Stream.Null));
        far.Notify(ExitStatus.RequestName, [1]);
        Assert.Equal(CloseReason.ProtocolError, Assert.IsType<SshClosedException>((await running.TestTime()).Lost).Reason);
    }

    [Fact]
    public async Task Requests_that_nobody_knows_are_answered_with_no()
    {
        await using SessionServer server = await SessionServer.StartAsync();
        (ClientSession session, Channel far) = await server.OpenAsync();
        await using ClientSession owner = session;
        Assert.False(await far.RequestAsync("keepalive@openssh.com", []).AsTask().TestTime());
        Assert.True(await far.RequestAsync(ExitStatus.RequestName, new ExitStatus(1).ToFields()).AsTask().TestTime());
    }

    private sealed class Broken : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromException(new IOException("Broken pipe"));
    }

    /// <summary>Has something to read, and then nothing for as long as somebody waits.</summary>
    private sealed class EndlessInput(byte[] first) : MemoryStream(first)
    {
        private readonly TaskCompletionSource _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task GivenUp => _givenUp.Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position < Length)
                return await base.ReadAsync(buffer, cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _givenUp.SetResult();
            cancellationToken.ThrowIfCancellationRequested();
            return 0;
        }
    }
}
