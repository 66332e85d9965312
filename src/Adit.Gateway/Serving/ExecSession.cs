using System.Buffers;
using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.Gateway.Policy;
using Adit.Platform;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Wording;

namespace Adit.Gateway.Serving;

/// <summary>
/// A session channel that runs one command, RFC 4254 sections 6.5 to 6.10, as the gateway's own user and never as another. It has no
/// terminal, and nothing of the gateway's environment.
/// </summary>
internal sealed class ExecSession : IAsyncDisposable
{
    private const int BlockSize = 32 * 1024;
    private const int SignalExit = 128;

    private static readonly Dictionary<string, int> Signals = new(StringComparer.Ordinal)
    {
        ["HUP"] = 1, ["INT"] = 2, ["QUIT"] = 3, ["ABRT"] = 6, ["KILL"] = 9, ["USR1"] = 10, ["USR2"] = 12, ["PIPE"] = 13, ["ALRM"] = 14, ["TERM"] = 15,
    };

    private readonly GatewayConnection _connection;
    private readonly Channel _channel;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly TaskCompletionSource<Command> _command = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _sync = new();
    private readonly CancellationTokenSource _killing = new();
    private readonly List<int> _signalled = [];
    private Process? _process;
    private Task _input = Task.CompletedTask;
    private bool _killed;
    private long _movedAt;
    private volatile string? _cut;

    public ExecSession(GatewayConnection connection, IncomingChannel channel)
    {
        _connection = connection;
        _movedAt = connection.Gateway.Now().Ticks;
        _channel = channel.Accept(null, OnRequest);
    }

    /// <summary>Completes, never fails, when nothing of it is left.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Serves it in the background.</summary>
    public void Start(Action onEnded) => Ended = RunToEndAsync(onEnded);

    /// <summary>Ends the command and all that it started, and whatever waits for those. Never throws.</summary>
    public void Kill()
    {
        _command.TrySetCanceled();
        lock (_sync)
        {
            _killed = true;
            try
            {
                if (_process is { HasExited: false })
                    _process.Kill(entireProcessTree: true);
            }
            catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
            {
                // It is gone, or cannot be killed; nobody waits for it any more.
            }
        }

        // What the command left in the background is no child of it any more, and may hold its output for ever.
        _killing.Cancel();
    }

    /// <summary>
    /// Ends it if the client has closed the channel, of which somebody who reads no longer is not told; and, with no word of how the command
    /// ended, when it has been silent for as long as it may be (ChannelTimeout).
    /// </summary>
    public void Check(DateTimeOffset now)
    {
        if (_channel.IsClosing)
            Kill();
        ConnectionRules rules = _connection.Rules;
        TimeSpan? limit = _command.Task.IsCompletedSuccessfully ? rules.Silence("session:command", SessionChannels.ChannelType) : rules.Silence(SessionChannels.ChannelType);
        if (limit is not { } silence || now.Ticks - Interlocked.Read(ref _movedAt) < silence.Ticks)
            return;
        _cut = string.Create(CultureInfo.InvariantCulture, $"it was closed after {silence.TotalSeconds:0} s of silence (ChannelTimeout)");
        Kill();
        _channel.Abort();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Kill();
        await Ended.ConfigureAwait(false);
    }

    private void OnRequest(IncomingRequest request)
    {
        GatewaySettings settings = _connection.Rules.Settings;
        switch (request.Name)
        {
            case "exec" when !settings.AditPermitExec:
                // A reload forbids what the channel was opened for.
                _command.TrySetCanceled();
                Refuse(request, "AditPermitExec is no");
                break;
            case "exec" when _command.TrySetResult(new(Text(request), settings.ForceCommand ?? _connection.Grant?.Options.Command)):
                request.Succeed();
                break;
            case "signal" when Signal(Text(request)):
                request.Succeed();
                break;
            case "shell" or "subsystem" or "exec":
                if (request.Name is not "exec")
                    _command.TrySetCanceled();
                Refuse(request, "only commands are served");
                break;
            default:
                request.Fail();
                break;
        }
    }

    private void Refuse(IncomingRequest request, string why)
    {
        _connection.Report(new() { Time = _connection.Gateway.Now(), Event = GatewayEventKind.RequestRefused, Target = request.Name, Detail = why });
        request.Fail();
    }

    private static string Text(IncomingRequest request)
    {
        ReadOnlySpan<byte> fields = request.Fields.Span;
        if (fields.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(fields) != (uint)(fields.Length - sizeof(uint)))
            throw new SshFormatException($"the {request.Name} request has the wrong length");
        string text = Encoding.UTF8.GetString(fields[sizeof(uint)..]);
        return text.Contains('\0', StringComparison.Ordinal) ? throw new SshFormatException($"the {request.Name} request holds a NUL") : text;
    }

    // As with sshd, a command that somebody else chose is not the client's to signal.
    private bool Signal(string name)
    {
        if (OperatingSystem.IsWindows() || !Signals.TryGetValue(name, out int number))
            return false;
        if (_command.Task is not { IsCompletedSuccessfully: true, Result.Forced: null })
            return false;
        lock (_sync)
        {
            if (_process?.HasExited is true)
                return false;

            // Before it runs, too: once each, however often the client sends them.
            if (!_signalled.Contains(number))
                _signalled.Add(number);
            if (_process is not null)
                _ = LinuxCalls.Kill(_process.Id, number);
        }

        return true;
    }

    private async Task RunToEndAsync(Action onEnded)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await RunAsync().ConfigureAwait(false);
        }
        finally
        {
            onEnded();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            Command command = await _command.Task.ConfigureAwait(false);

            // The client may ask before it is known whether it may stay (AditMaxConnections, rules that changed while it logged in).
            await _connection.Admitted.WaitAsync(_killing.Token).ConfigureAwait(false);
            _connection.Report(new() { Time = _connection.Gateway.Now(), Event = GatewayEventKind.CommandStarted, Target = Printable.Text(command.Text) });
            int code = await ExecuteAsync(command).ConfigureAwait(false);

            if (_cut is null)
            {
                // A client that hears of the end of both directions closes the channel, and with it the way for the status.
                Tell(code);
                _channel.CompleteOutput();
            }

            _connection.Report(new() { Time = _connection.Gateway.Now(), Event = GatewayEventKind.CommandEnded, Detail = _cut ?? $"exit status {code}" });
        }
        catch (Exception e)
        {
            _connection.Report(new() { Time = _connection.Gateway.Now(), Event = GatewayEventKind.CommandEnded, Detail = _cut ?? Why(e) });
        }
        finally
        {
            Kill();
            _channel.Abort();

            // Its memory is the channel's, which gives it to others once the channel is disposed of.
            await _input.ConfigureAwait(false);
            await _channel.DisposeAsync().ConfigureAwait(false);
            Process? process;
            lock (_sync)
            {
                // Who kills or signals it from here on finds none.
                process = _process;
                _process = null;
            }

            process?.Dispose();
            _writing.Dispose();
        }
    }

    private string Why(Exception e) => e is not OperationCanceledException ? e.Message
        : _process is null ? "it was never started"
        : "the client is gone";

    private async Task<int> ExecuteAsync(Command command)
    {
        Process process = Start(command);
        _input = FeedAsync(process);

        // As with sshd, also for as long as something that the command left behind holds its output.
        await Task.WhenAll(
            DrainAsync(process.StandardOutput.BaseStream, isError: false),
            DrainAsync(process.StandardError.BaseStream, isError: true)).ConfigureAwait(false);
        await process.WaitForExitAsync(_killing.Token).ConfigureAwait(false);
        return process.ExitCode;
    }

    private Process Start(Command command)
    {
        string[] words = [.. DefaultSignals.Prefix, "/bin/sh", "-c", command.Text];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["HOME"] = home;
        start.Environment["USER"] = start.Environment["LOGNAME"] = Environment.UserName;
        start.Environment["SHELL"] = "/bin/sh";
        start.Environment["SSH_CLIENT"] = _connection.ClientVariable;
        start.Environment["SSH_CONNECTION"] = _connection.ConnectionVariable;
        if (command.Forced is not null)
            start.Environment["SSH_ORIGINAL_COMMAND"] = command.Asked;
        if (Directory.Exists(home))
            start.WorkingDirectory = home;
        lock (_sync)
        {
            if (_killed)
                throw new OperationCanceledException();
            _process = Process.Start(start) ?? throw new InvalidOperationException("the shell did not start");
            foreach (int number in _signalled)
            {
                if (!OperatingSystem.IsWindows())
                    _ = LinuxCalls.Kill(_process.Id, number);
            }

            return _process;
        }
    }

    private async Task FeedAsync(Process process)
    {
        try
        {
            Stream input = process.StandardInput.BaseStream;
            while (await _channel.ReadAsync(_killing.Token).ConfigureAwait(false) is { IsEmpty: false } data)
            {
                await MovedAsync(data.Length).ConfigureAwait(false);
                await input.WriteAsync(data, _killing.Token).ConfigureAwait(false);
                await input.FlushAsync(_killing.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is SshException or IOException or OperationCanceledException)
        {
            // The command reads no more, or the channel is closed.
            if (e is SshException)
                Kill();
        }

        // A channel that is closed ends like one whose input does.
        Check(_connection.Gateway.Now());

        try
        {
            process.StandardInput.Close();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // What was not taken yet is lost with the command.
        }
    }

    private async Task DrainAsync(Stream output, bool isError)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            while (await output.ReadAsync(block, _killing.Token).ConfigureAwait(false) is > 0 and var count)
            {
                await MovedAsync(count).ConfigureAwait(false);

                // The channel takes one write at a time.
                await _writing.WaitAsync(_killing.Token).ConfigureAwait(false);
                try
                {
                    ReadOnlyMemory<byte> data = block.AsMemory(0, count);
                    if (isError)
                        await _channel.WriteErrorAsync(data, _killing.Token).ConfigureAwait(false);
                    else
                        await _channel.WriteAsync(data, _killing.Token).ConfigureAwait(false);
                }
                finally
                {
                    _writing.Release();
                }
            }
        }
        catch
        {
            // The other output ends too, and with both of them the session.
            Kill();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    // Bytes of a command count as those of a tunnel do (AditMaxBytes, AditBandwidth).
    private ValueTask MovedAsync(int bytes)
    {
        Interlocked.Exchange(ref _movedAt, _connection.Gateway.Now().Ticks);
        ByteMeter meter = _connection.Tally.Meter;
        meter.Count(bytes);
        return meter.IsLimited ? meter.WaitAsync(bytes, _killing.Token) : default;
    }

    // RFC 4254 section 6.10.
    private void Tell(int code)
    {
        int signal = code - SignalExit;
        string? name = _signalled.Contains(signal) ? Signals.First(entry => entry.Value == signal).Key : null;
        if (name is null)
        {
            byte[] status = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(status, (uint)code);
            _channel.Notify("exit-status", status);
        }
        else
        {
            byte[] signalName = Encoding.ASCII.GetBytes(name);
            _channel.Notify("exit-signal", [0, 0, 0, (byte)signalName.Length, .. signalName, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
    }

    /// <param name="Asked">What the client asks for.</param>
    /// <param name="Forced">What runs in its place (ForceCommand, or the key's option); null for nothing.</param>
    private sealed record Command(string Asked, string? Forced)
    {
        public string Text => Forced ?? Asked;
    }
}
