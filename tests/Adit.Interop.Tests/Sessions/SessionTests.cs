using System.IO.Pipelines;
using System.Text;
using Adit.Interop.Tests.Peers;
using Adit.Sessions;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Tests.Shared;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Sessions;

public sealed class SessionTests(ITestOutputHelper output) : SessionTest(output)
{
    private const int FiftyMebibytes = 50 * Mebibyte;

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(254)]
    public async Task The_commands_exit_code_is_returned(int code)
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());

        var ended = await RunAsync(connection, Command($"exit {code}"));

        Assert.Equal((code, (uint)code), (ended.Result.ExitCode, ended.Result.Status));
        Assert.Null(ended.Result.Lost);
    }

    [Fact]
    public async Task Output_and_errors_come_apart()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());

        var ended = await RunAsync(connection, Command("echo out; echo err >&2; echo more; echo worse >&2; exit 5"));

        Assert.Equal(("out\nmore\n", "err\nworse\n", 5), (ended.Text, ended.Error, ended.Result.ExitCode));
    }

    [Fact]
    public async Task Fifty_mebibytes_go_through_a_command_and_back_and_not_a_byte_is_lost()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());
        var data = TestBytes.Of(FiftyMebibytes);

        var ended = await RunAsync(connection, Command("cat; exit 7"), data);

        Assert.True(data.AsSpan().SequenceEqual(ended.Output), $"{ended.Output.Length} bytes came back");
        Assert.Equal(7, ended.Result.ExitCode);
    }

    [Fact]
    public async Task Large_output_and_large_errors_come_whole_at_once()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());

        var ended = await RunAsync(connection, Command("head -c 20000000 /dev/zero & head -c 10000000 /dev/zero >&2; wait; exit 9"));

        Assert.Equal((20_000_000, 10_000_000, 9), (ended.Output.Length, ended.Error.Length, ended.Result.ExitCode));
    }

    [Fact]
    public async Task A_command_that_reads_nothing_ends_its_session_whatever_is_still_to_be_sent()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());

        var ended = await RunAsync(connection, Command("exec true"), new byte[FiftyMebibytes]);

        Assert.Equal(0, ended.Result.ExitCode);
    }

    [Fact]
    public async Task Input_that_never_ends_holds_no_session_up()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());
        var silent = new Pipe();
        await using var session = await ClientSession.OpenAsync(connection, Command("echo done; exit 2"));

        var result = await session.RunAsync(new(silent.Reader.AsStream(), Stream.Null, Stream.Null)).WithinAsync("the session should end");

        Assert.Equal(2, result.ExitCode);
    }

    [Theory]
    [InlineData("KILL", "KILL")]
    [InlineData("TERM", "TERM")]
    [InlineData("USR1", "USR1")]
    public async Task A_command_that_a_signal_ends_has_no_status_and_returns_255_as_in_ssh(string signal, string told)
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());

        var ended = await RunAsync(connection, Command($"kill -{signal} $$"));

        Assert.Equal((told, null, 255), (ended.Result.Signal, ended.Result.Status, ended.Result.ExitCode));
    }

    [Fact]
    public async Task A_signal_and_a_break_reach_the_server()
    {
        var sshd = await StartSshdAsync();
        var connection = await ConnectAsync(sshd);
        await using var session = await ClientSession.OpenAsync(connection, Command("exec cat"));
        var silent = new Pipe();
        var running = session.RunAsync(new(silent.Reader.AsStream(), Stream.Null, Stream.Null));

        session.Signal("TERM");
        session.Break(TimeSpan.FromSeconds(1));

        await sshd.LoggedAsync("request signal reply 0");
        await sshd.LoggedAsync("request break reply 0");

        // To a session of root sshd passes no signals on.
        if (TestUser.IsRoot)
            await silent.Writer.CompleteAsync();
        Assert.Equal(TestUser.IsRoot ? null : "TERM", (await running.WithinAsync("the session should end")).Signal);
    }

    [Fact]
    public async Task A_closed_output_ends_the_command_as_a_closed_pipe_would()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());
        var stdout = new Pipe();
        await using var session = await ClientSession.OpenAsync(connection, Command("yes"));
        await using var closing = new ClosedAfter(100_000);

        var result = await session.RunAsync(new(null, closing, Stream.Null)).WithinAsync("yes should end", () => "it goes on");

        Assert.Equal((255, "PIPE"), (result.ExitCode, result.Signal));
    }

    [Fact]
    public async Task A_connection_that_is_lost_under_a_session_returns_255_and_why()
    {
        var sshd = await StartQuietSshdAsync();
        var connection = await ConnectAsync(sshd);
        await using var session = await ClientSession.OpenAsync(connection, Command("sleep 1000"));
        var running = session.RunAsync(new(null, Stream.Null, Stream.Null));

        sshd.KillConnections();

        var result = await running.WithinAsync("the session should end");
        Assert.Equal((255, null, null), (result.ExitCode, result.Status, result.Signal));
        Assert.Equal(CloseReason.ConnectionLost, Assert.IsType<SshClosedException>(result.Lost).Reason);
    }

    [Fact]
    public async Task Cancelling_ends_a_session_and_leaves_the_connection()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());
        using var cancel = new CancellationTokenSource();
        var silent = new Pipe();
        var session = await ClientSession.OpenAsync(connection, Command("sleep 1000"));
        var running = session.RunAsync(new(silent.Reader.AsStream(), Stream.Null, Stream.Null), cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WithinAsync("the session should end"));
        await session.DisposeAsync();
        Assert.Equal("still\n", (await RunAsync(connection, Command("echo still"))).Text);
    }

    [Fact]
    public async Task Variables_arrive_that_the_server_takes()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync("AcceptEnv ADIT_*"));

        var ended = await RunAsync(connection, Command("echo \"$ADIT_ONE|$ADIT_TWO|$OTHER\"") with
        {
            Environment = [new("ADIT_ONE", "eins ü"), new("OTHER", "x"), new("ADIT_TWO", "a=b")],
        });

        Assert.Equal("eins ü|a=b|\n", ended.Text);
    }

    [Fact]
    public async Task A_shell_runs_what_is_typed()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());

        var ended = await RunAsync(connection, new(), "echo one; exit 6\n"u8.ToArray());

        Assert.Equal((6, true), (ended.Result.ExitCode, ended.Text.Contains("one\n", StringComparison.Ordinal)));
    }

    [Fact]
    [Trait("Surface", "S2-5")]
    public async Task The_subsystem_sftp_answers_its_version()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync("Subsystem sftp internal-sftp"));
        await using var session = await ClientSession.OpenAsync(connection, new() { Kind = SessionKind.Subsystem, Text = "sftp" });
        Pipe stdin = new(), stdout = new();
        var running = session.RunAsync(new(stdin.Reader.AsStream(), stdout.Writer.AsStream(), Stream.Null));
        var reply = new byte[9];

        await stdin.Writer.WriteAsync(new byte[] { 0, 0, 0, 5, 1, 0, 0, 0, 3 });
        await stdout.Reader.AsStream().ReadExactlyAsync(reply).AsTask().WithinAsync("sftp should answer");
        await stdin.Writer.CompleteAsync();

        Assert.Equal([2, 0, 0, 0, 3], reply[4..]);
        Assert.Equal(0, (await running.WithinAsync("sftp should end with its input")).ExitCode);
    }

    [Fact]
    public async Task What_the_server_does_not_run_is_an_error_that_names_it()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());

        var exception = await Assert.ThrowsAsync<SshException>(() => RunAsync(connection, new() { Kind = SessionKind.Subsystem, Text = "none" }));

        Assert.Contains("subsystem request failed", exception.Message, StringComparison.Ordinal);
        Assert.Equal("next\n", (await RunAsync(connection, Command("echo next"))).Text);
    }

    [Fact]
    public async Task A_server_without_sessions_refuses_to_open_one()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync("MaxSessions 0"));

        await Assert.ThrowsAsync<ChannelOpenException>(() => RunAsync(connection, Command("true")));
    }

    [Fact]
    public async Task Keys_change_under_a_session_without_loss()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync(), static options => options with { RekeyLimit = new(4 * Mebibyte, Timeout.InfiniteTimeSpan) });
        var data = TestBytes.Of(20 * Mebibyte);

        var ended = await RunAsync(connection, Command("cat"), data);

        Assert.True(data.AsSpan().SequenceEqual(ended.Output));
        Assert.True(connection.KeyExchanges > 5);
    }

    [Fact]
    public async Task Twenty_sessions_run_at_once()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());

        var ended = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => RunAsync(connection, Command($"cat; exit {number}"), TestBytes.Of(100_000 + number, number))));

        Assert.All(ended, static (one, number) =>
        {
            Assert.Equal(number, one.Result.ExitCode);
            Assert.True(TestBytes.Of(100_000 + number, number).AsSpan().SequenceEqual(one.Output));
        });
    }

    [Fact]
    public async Task The_command_runs_on_a_terminal_of_the_size_kind_and_modes_that_are_told_and_learns_of_changes()
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync());
        var options = Command("echo $TERM; stty size; stty -a; echo ready; while [ \"$(stty size)\" = '31 97' ]; do sleep 0.05; done; stty size; exit 3") with
        {
            Terminal = new() { Term = "vt220", Size = new(97, 31, 0, 0), Modes = [new(1, 7), new(53, 0), new(50, 1), new(72, 1)] },
        };
        await using var session = await ClientSession.OpenAsync(connection, options);
        Assert.True(session.HasTerminal);

        // Behind the end of the input sshd changes no size any more.
        Pipe stdin = new(), stdout = new();
        var running = session.RunAsync(new(stdin.Reader.AsStream(), stdout.Writer.AsStream(), Stream.Null));
        using var reader = new StreamReader(stdout.Reader.AsStream());
        var text = new StringBuilder();
        while (await reader.ReadLineAsync().WithinAsync("the command should start", text.ToString) is { } line and not "ready")
            text.Append(line).Append('\n');

        session.Resize(new(120, 40, 0, 0));

        Assert.Equal("40 120", await reader.ReadLineAsync().WithinAsync("the size should change"));
        Assert.Equal(3, (await running.WithinAsync("the session should end")).ExitCode);
        Assert.StartsWith("vt220\n31 97\n", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("intr = ^G", text.ToString(), StringComparison.Ordinal);
        Assert.Contains(" -echo ", text.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_terminal_that_the_server_does_not_give_is_an_error_only_where_it_is_required(bool required)
    {
        var connection = await ConnectAsync(await StartQuietSshdAsync("PermitTTY no"));
        var options = Command("echo without") with { Terminal = new() { Term = "xterm", IsRequired = required } };

        if (required)
        {
            var exception = await Assert.ThrowsAsync<SshException>(() => RunAsync(connection, options));
            Assert.Contains("PTY allocation request failed", exception.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("without\n", (await RunAsync(connection, options)).Text);
        }
    }

    /// <summary>A pipe whose reader goes away.</summary>
    private sealed class ClosedAfter(int bytes) : MemoryStream
    {
        private int _left = bytes;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            (_left -= buffer.Length) < 0 ? ValueTask.FromException(new IOException("Broken pipe")) : default;
    }
}
