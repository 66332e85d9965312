using System.Globalization;
using System.IO.Pipes;
using System.Text.Json;
using Adit.Gateway.Audit;
using Adit.Gateway.Tests.Configuration;
using Adit.OpenSsh;

namespace Adit.Gateway.Tests.Audit;

/// <summary>What is written down of what happens.</summary>
public sealed class AuditTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public static TheoryData<string> Kinds => [.. Enum.GetNames<GatewayEventKind>()];

    private string LogPath => Path.Join(_folder.Path, "audit.log");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_event_is_one_line_of_JSON_with_the_fields_that_are_set(string kind)
    {
        GatewayEvent happened = Full(kind);
        string[] lines = Written(happened);
        using JsonDocument json = JsonDocument.Parse(Assert.Single(lines));
        Dictionary<string, string> fields = json.RootElement.EnumerateObject().ToDictionary(static p => p.Name, static p => p.Value.ToString());
        Assert.Equal(
            [
                "version=1", "time=2026-01-02T03:04:05+00:00", $"event={kind}", "connection=7", "user=joe", "source=192.0.2.7:50000", "key=ED25519 SHA256:abc",
                "certificate=ID x (serial 3) CA y", "method=publickey", "channel=9", "origin=10.0.0.1:5", "target=db:5432", "bound=0.0.0.0 port 22", "route=a > b",
                "bytesOut=9007199254740993", "bytesIn=2", "seconds=1.5", "reason=Expired", "detail=why",
            ],
            fields.Select(static field => $"{field.Key}={field.Value}"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_does_not_apply_is_left_out(string kind)
    {
        using JsonDocument json = JsonDocument.Parse(Assert.Single(Written(new GatewayEvent { Time = DateTimeOffset.UnixEpoch, Event = Enum.Parse<GatewayEventKind>(kind) })));
        Assert.Equal(["version", "time", "event"], json.RootElement.EnumerateObject().Select(static field => field.Name));
    }

    [Fact]
    public void Line_ends_of_a_peer_do_not_make_lines()
    {
        string[] lines = Written(new GatewayEvent { Time = DateTimeOffset.UnixEpoch, Event = GatewayEventKind.Note, User = "a\nb\r\u2028c\"}", Detail = "\u001b[2J\0" });
        using JsonDocument json = JsonDocument.Parse(Assert.Single(lines));
        Assert.Equal("a\nb\r\u2028c\"}", json.RootElement.GetProperty("user").GetString());
        Assert.DoesNotContain(lines[0], char.IsControl);
    }

    [Fact]
    public void Events_are_appended_and_the_file_is_its_owners_alone()
    {
        Written(Full("Connected"));
        Assert.Equal(2, Written(Full("Disconnected")).Length);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LogPath));
    }

    [Fact]
    public void Lines_of_several_threads_do_not_mix()
    {
        using (AuditLog log = new(LogPath))
            Parallel.For(0, 1000, i => log.Report(Full("Note") with { Connection = i }));
        long[] numbers = [.. File.ReadLines(LogPath).Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("connection").GetInt64()).Order()];
        Assert.Equal(Enumerable.Range(0, 1000).Select(static i => (long)i), numbers);
    }

    [Fact]
    public void A_pipe_takes_events_too()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using AnonymousPipeServerStream pipe = new(PipeDirection.In);
        using (AuditLog log = new($"/proc/self/fd/{pipe.GetClientHandleAsString()}"))
        {
            log.Report(Full("Connected"));
            Assert.Null(log.Failure);
        }

        pipe.DisposeLocalCopyOfClientHandle();
        using StreamReader lines = new(pipe);
        Assert.StartsWith("{\"version\":1", lines.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_cut_off_goes_on_from_its_beginning()
    {
        using AuditLog log = new(LogPath);
        log.Report(Full("Connected"));
        using (FileStream cut = new(LogPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            cut.SetLength(0);
        log.Report(Full("Disconnected"));
        Assert.StartsWith("{\"version\":1", File.ReadAllText(LogPath), StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_cannot_be_written_is_told_of_once_and_does_not_throw()
    {
        StringWriter text = new(CultureInfo.InvariantCulture);
        using AuditLog full = new("/dev/full");
        GatewayLogs logs = new(new TextLog(text, LogVerbosity.Info), full);
        logs.Report(Full("Authenticated"));
        logs.Report(Full("Authenticated"));
        Assert.NotNull(full.Failure);
        Assert.Equal(1, text.ToString().Split('\n').Count(static line => line.StartsWith("the audit log cannot be written", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_file_that_cannot_be_opened_is_an_error_at_the_beginning() =>
        Assert.Throws<DirectoryNotFoundException>(() => new AuditLog("/no/such/folder/audit.log"));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_event_is_one_line_of_text_without_control_characters(string kind)
    {
        const string evil = "a\n\r\u001b[31m\0\u202e\u2028b";
        GatewayEvent happened = Full(kind) with
        {
            User = evil, Source = evil, Key = evil, Certificate = evil, Method = evil, Origin = evil, Target = evil, Bound = evil, Route = evil, Reason = evil, Detail = evil,
        };
        string written = Text(happened, LogVerbosity.Debug3);
        Assert.EndsWith("\n", written, StringComparison.Ordinal);
        Assert.DoesNotContain(written[..^1], static c => char.IsControl(c) || c is '\u202e' or '\u2028');
        Assert.Contains(@"\x0a", written, StringComparison.Ordinal);
        Assert.NotEqual(string.Empty, Text(new GatewayEvent { Time = DateTimeOffset.UnixEpoch, Event = Enum.Parse<GatewayEventKind>(kind) }, LogVerbosity.Debug3));
    }

    [Theory]
    [InlineData("Fault", "Error")]
    [InlineData("ReloadFailed", "Error")]
    [InlineData("Authenticated", "Info")]
    [InlineData("AuthenticationFailed", "Info")]
    [InlineData("ChannelRefused", "Info")]
    [InlineData("ForwardRefused", "Info")]
    [InlineData("Disconnected", "Info")]
    [InlineData("ChannelOpened", "Verbose")]
    [InlineData("Connected", "Verbose")]
    public void An_event_is_written_from_its_level_on(string kind, string level)
    {
        LogVerbosity from = Enum.Parse<LogVerbosity>(level);
        Assert.NotEmpty(Text(Full(kind), from));
        Assert.Empty(Text(Full(kind), from - 1));
    }

    private static GatewayEvent Full(string kind) => new()
    {
        Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Event = Enum.Parse<GatewayEventKind>(kind),
        Connection = 7,
        User = "joe",
        Source = "192.0.2.7:50000",
        Key = "ED25519 SHA256:abc",
        Certificate = "ID x (serial 3) CA y",
        Method = "publickey",
        Channel = 9,
        Origin = "10.0.0.1:5",
        Target = "db:5432",
        Bound = "0.0.0.0 port 22",
        Route = "a > b",
        BytesOut = 9007199254740993,
        BytesIn = 2,
        Seconds = 1.5,
        Reason = "Expired",
        Detail = "why",
    };

    private static string Text(GatewayEvent happened, LogVerbosity level)
    {
        StringWriter text = new(CultureInfo.InvariantCulture);
        new TextLog(text, level).Report(happened);
        return text.ToString();
    }

    private string[] Written(GatewayEvent happened)
    {
        using (AuditLog log = new(LogPath))
            log.Report(happened);
        return File.ReadAllText(LogPath).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
