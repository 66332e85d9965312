using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Library;

public sealed class SshTunnelTests : IAsyncLifetime
{
    private const string Host = "127.0.0.1";

    private readonly LoopbackServer _server = new();

    [Fact]
    [Trait("Surface", "S0-1")]
    public async Task A_stream_reaches_a_target_of_the_server_and_ends_each_direction_by_itself()
    {
        await using SshTunnel tunnel = await OpenAsync();
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 5432).TestTime();
        await stream.WriteAsync("hello"u8.ToArray());
        await stream.CompleteWritesAsync();
        Assert.Equal("hello.", await ReadToEndAsync(stream));
        Assert.Equal(SshTunnelState.Up, tunnel.State);
    }

    [Fact]
    public async Task What_is_not_written_to_its_end_is_not_ended()
    {
        await using SshTunnel tunnel = await OpenAsync();
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 5432);
        await stream.WriteAsync("hello"u8.ToArray());
        byte[] answer = new byte[5];
        await stream.ReadExactlyAsync(answer).AsTask().TestTime();
        Assert.Equal("hello"u8.ToArray(), answer);
        ValueTask<int> more = stream.ReadAsync(answer);
        Assert.False(more.IsCompleted);
        await stream.CompleteWritesAsync();
        Assert.Equal(1, await more.AsTask().TestTime());
    }

    [Fact]
    [Trait("Surface", "S4-6")]
    public async Task A_target_that_refuses_is_an_exception_that_names_it_and_the_tunnel_stays()
    {
        await using SshTunnel tunnel = await OpenAsync();
        TargetUnreachableException e = await Assert.ThrowsAsync<TargetUnreachableException>(() => tunnel.ConnectAsync("db", 5432).TestTime());
        Assert.Equal("db:5432", e.Target);
        Assert.Equal(DialFailure.Refused, e.Failure);
        Assert.Contains("nobody is there", e.Message, StringComparison.Ordinal);
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 1);
    }

    [Fact]
    [Trait("Surface", "S0-7")]
    [Trait("Surface", "S0-13")]
    public async Task A_listener_admits_this_process_and_no_child_of_it()
    {
        await using SshTunnel tunnel = await OpenAsync();
        await using TunnelListener listener = await tunnel.ForwardAsync("echo", 5432);
        Assert.Equal("ping.", await AskAsync(new IPEndPoint(IPAddress.Loopback, listener.Port), AddressFamily.InterNetwork));
        Assert.Equal(string.Empty, await AskFromChildAsync($"exec 3<>/dev/tcp/127.0.0.1/{listener.Port} && echo ping >&3 && cat <&3"));
    }

    [Fact]
    public async Task A_listener_on_a_socket_serves_whom_its_rule_admits_and_leaves_no_file()
    {
        string path = Path.Combine(_server.Folder, "socket");
        await using SshTunnel tunnel = await OpenAsync();
        TunnelListener listener = await tunnel.ForwardAsync("echo", 1, new() { SocketPath = path, Admission = AdmissionRule.SameUser, MaxConnections = 4 });
        Assert.Equal(path, listener.Endpoint.Path);
        Assert.Equal("ping.", await AskAsync(new UnixDomainSocketEndPoint(path), AddressFamily.Unix));
        await tunnel.DisposeAsync();
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_an_exception_that_says_by_whom()
    {
        await using SshTunnel tunnel = await OpenAsync();
        ListenFailedException e = await Assert.ThrowsAsync<ListenFailedException>(() => tunnel.ForwardAsync("echo", 1, new() { Port = _server.Port }));
        Assert.Contains("held by", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_host_that_cannot_be_reached()
    {
        SshTunnelOptions options = _server.Options;
        await _server.DisposeAsync();
        HostUnreachableException e = await Assert.ThrowsAsync<HostUnreachableException>(() => SshTunnel.OpenAsync(Host, options).TestTime());
        Assert.Equal(DialFailure.Refused, e.Failure);
        Assert.IsAssignableFrom<AditException>(e);
    }

    [Fact]
    public async Task A_host_key_that_is_not_known_is_refused_where_nobody_is_asked()
    {
        await File.WriteAllTextAsync(_server.KnownHosts, string.Empty);
        HostKeyRefusedException e = await Assert.ThrowsAsync<HostKeyRefusedException>(
            () => SshTunnel.OpenAsync(Host, _server.Options with { Prompt = null }).TestTime());
        Assert.Equal(_server.Fingerprint, e.Fingerprint);
    }

    [Fact]
    public async Task A_host_key_that_the_callback_accepts_by_its_fingerprint_is_remembered()
    {
        await File.WriteAllTextAsync(_server.KnownHosts, string.Empty);
        SshTunnelOptions options = _server.Options with
        {
            StrictHostKeyChecking = HostKeyChecking.Ask,
            Prompt = static (prompt, _) => new(prompt.Kind switch
            {
                SshPromptKind.HostKey => prompt.Fingerprint,
                SshPromptKind.Password => LoopbackServer.Password,
                _ => null,
            }),
        };
        await using (SshTunnel tunnel = await SshTunnel.OpenAsync(Host, options).TestTime())
            Assert.Contains("ssh-ed25519", await File.ReadAllTextAsync(_server.KnownHosts), StringComparison.Ordinal);
        await using SshTunnel again = await SshTunnel.OpenAsync(Host, _server.Options with { StrictHostKeyChecking = HostKeyChecking.Yes }).TestTime();
    }

    [Fact]
    public async Task A_password_that_is_wrong_is_asked_for_again_and_then_authentication_has_failed()
    {
        List<int> attempts = [];
        SshTunnelOptions options = _server.Options with
        {
            Prompt = (prompt, _) =>
            {
                attempts.Add(prompt.Attempt);
                Assert.Equal("joe@127.0.0.1", prompt.Account);
                return new("wrong");
            },
        };
        AuthenticationFailedException e = await Assert.ThrowsAsync<AuthenticationFailedException>(() => SshTunnel.OpenAsync(Host, options).TestTime());
        Assert.Equal([0, 1, 2], attempts);
        Assert.Contains("password", e.ServerMethods);
    }

    [Theory]
    [InlineData("")]
    [InlineData("joe@")]
    [InlineData("ssh://foo.com:99999")]
    public async Task What_is_no_destination_is_named(string destination)
    {
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => SshTunnel.OpenAsync(destination, _server.Options));
        Assert.True(e is TunnelConfigurationException or ArgumentException, e.ToString());
        Assert.Equal(0, _server.Logins);
    }

    [Theory]
    [InlineData("NoSuchKeyword", "yes", "NoSuchKeyword")]
    [InlineData("Port", "http", "http")]
    [InlineData("User\nPort", "1", "one word")]
    [InlineData("User", "joe\nPort 1", "one line")]
    public async Task A_further_option_that_cannot_be_read_is_named(string keyword, string value, string named)
    {
        SshTunnelOptions options = _server.Options with { SshOptions = [new(keyword, value)], User = null, Port = null };
        TunnelConfigurationException e = await Assert.ThrowsAsync<TunnelConfigurationException>(() => SshTunnel.OpenAsync(Host, options));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_come_before_the_file_and_the_destination_before_the_options()
    {
        string file = Path.Combine(_server.Folder, "config");
        await File.WriteAllTextAsync(file, $"Host there\n  HostName 127.0.0.1\n  Port 1\n  User nobody\n  BatchMode yes\n");
        List<string?> accounts = [];
        SshTunnelOptions options = _server.Options with
        {
            ConfigFile = file,
            SshOptions = [.. _server.Options.SshOptions, new("BatchMode", "no")],
            Prompt = (prompt, _) =>
            {
                accounts.Add(prompt.Account);
                return new(LoopbackServer.Password);
            },
        };
        await using SshTunnel tunnel = await SshTunnel.OpenAsync("ann@there", options).TestTime();
        Assert.Equal(["ann@there"], accounts);
    }

    [Fact]
    public async Task A_lost_connection_comes_back_and_the_listener_stayed()
    {
        await using SshTunnel tunnel = await OpenAsync();
        await using TunnelListener listener = await tunnel.ForwardAsync("echo", 1);
        _server.Hangup();
        Assert.Equal("ping.", await AskAsync(new IPEndPoint(IPAddress.Loopback, listener.Port), AddressFamily.InterNetwork));
        Assert.Equal(2, _server.Logins);
    }

    [Fact]
    public async Task Without_reconnection_a_lost_connection_ends_the_tunnel_and_says_why()
    {
        await using SshTunnel tunnel = await SshTunnel.OpenAsync(Host, _server.Options with { Reconnect = false }).TestTime();
        _server.Hangup();
        AditException end = await tunnel.Ended.TestTime();
        Assert.Contains("hanging up", end.Message, StringComparison.Ordinal);
        Assert.Equal(SshTunnelState.Ended, tunnel.State);
        TunnelEndedException e = await Assert.ThrowsAsync<TunnelEndedException>(() => tunnel.ConnectAsync("echo", 1));
        Assert.NotSame(end, e);
        Assert.Contains("hanging up", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prepared_tunnel_opens_once_for_all_who_use_it_first()
    {
        await using SshTunnel tunnel = SshTunnel.Create(Host, _server.Options);
        Assert.Equal(SshTunnelState.Idle, tunnel.State);
        Assert.Equal(0, _server.Logins);
        TunnelStream[] streams = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => tunnel.ConnectAsync("echo", 1))).TestTime();
        Assert.Equal(1, _server.Logins);
        foreach (TunnelStream stream in streams)
            await stream.DisposeAsync();
    }

    [Fact]
    public async Task A_prepared_tunnel_opens_again_after_its_end()
    {
        await using SshTunnel tunnel = SshTunnel.Create(Host, _server.Options with { Reconnect = false });
        await using (TunnelStream stream = await tunnel.ConnectAsync("echo", 1).TestTime())
        {
            _server.Hangup();
            Assert.Equal(0, await ReadEndAsync(stream).TestTime());
        }

        await using TunnelStream next = await UntilConnectedAsync(tunnel).TestTime();
        Assert.Equal(2, _server.Logins);
    }

    [Fact]
    public async Task A_login_that_was_refused_is_not_tried_again_at_once()
    {
        var time = new ManualTimeProvider();
        _server.IsClosed = true;
        await using SshTunnel tunnel = SshTunnel.Create(Host, _server.Options with { Time = time });
        AuthenticationFailedException first = await Assert.ThrowsAsync<AuthenticationFailedException>(() => tunnel.ConnectAsync("echo", 1).TestTime());
        AuthenticationFailedException second = await Assert.ThrowsAsync<AuthenticationFailedException>(() => tunnel.ConnectAsync("echo", 1).TestTime());
        Assert.NotSame(first, second);
        Assert.Equal(1, _server.Logins);
        _server.IsClosed = false;
        time.Advance(TimeSpan.FromSeconds(10));
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 1).TestTime();
        Assert.Equal(2, _server.Logins);
    }

    [Fact]
    public async Task Who_waits_for_a_way_back_that_is_refused_hears_of_it_at_once()
    {
        foreach (bool prepared in (bool[])[false, true])
        {
            SshTunnelOptions options = _server.Options with { ReconnectWait = TimeSpan.FromHours(1) };
            await using SshTunnel tunnel = prepared ? SshTunnel.Create(Host, options) : await SshTunnel.OpenAsync(Host, options).TestTime();
            await tunnel.EnsureOpenAsync().TestTime();
            _server.IsClosed = true;
            _server.Hangup();
            await Assert.ThrowsAsync<AuthenticationFailedException>(() => FailAsync(tunnel).TestTime());
            _server.IsClosed = false;
        }
    }

    [Fact]
    public async Task A_tunnel_that_ends_for_want_of_use_opens_again_for_the_next_who_comes()
    {
        var time = new ManualTimeProvider();
        await using SshTunnel tunnel = SshTunnel.Create(Host, _server.Options with { Time = time, DefaultIdleTimeout = TimeSpan.FromMinutes(5) });
        await (await tunnel.ConnectAsync("echo", 1).TestTime()).DisposeAsync();
        while (tunnel.State is not SshTunnelState.Idle)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        Assert.Null(tunnel.LastFailure);
        await using TunnelStream stream = await tunnel.ConnectAsync("echo", 1).TestTime();
        Assert.Equal(2, _server.Logins);
    }

    [Fact]
    public async Task Who_gives_up_leaves_the_opening_to_the_others_and_the_last_one_takes_it_with_him()
    {
        TaskCompletionSource asked = new(), answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using SshTunnel tunnel = SshTunnel.Create(Host, _server.Options with
        {
            Prompt = async (_, token) =>
            {
                asked.TrySetResult();
                await Task.WhenAny(answered.Task, Task.Delay(Timeout.Infinite, token));
                if (token.IsCancellationRequested)
                    cancelled.TrySetResult();
                return LoopbackServer.Password;
            },
        });
        using var one = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        Task first = tunnel.EnsureOpenAsync(one.Token), second = tunnel.EnsureOpenAsync(other.Token);
        await asked.Task.TestTime();
        await one.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.TestTime());
        Assert.False(cancelled.Task.IsCompleted);
        await other.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.TestTime());
        await cancelled.Task.TestTime();
        answered.SetResult();
        await tunnel.EnsureOpenAsync().TestTime();
        Assert.Equal(2, _server.Logins);
    }

    [Fact]
    public async Task A_disposed_tunnel_has_ended_with_all_that_is_of_it()
    {
        SshTunnel tunnel = await OpenAsync();
        TunnelStream stream = await tunnel.ConnectAsync("echo", 1);
        TunnelListener listener = await tunnel.ForwardAsync("echo", 1);
        await tunnel.DisposeAsync().AsTask().TestTime();
        await tunnel.DisposeAsync();
        Assert.IsType<TunnelEndedException>(await tunnel.Ended.TestTime());
        await Assert.ThrowsAsync<TunnelEndedException>(() => tunnel.ConnectAsync("echo", 1));
        await Assert.ThrowsAsync<TunnelEndedException>(() => tunnel.ForwardAsync("echo", 1));
        await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[1]).AsTask().TestTime());
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(IPAddress.Loopback, listener.Port));
    }

    [Fact]
    public async Task A_ping_asks_the_server_and_the_route_names_what_protects_each_leg()
    {
        await using SshTunnel tunnel = await OpenAsync();
        Assert.InRange(await tunnel.PingAsync().TestTime(), TimeSpan.FromTicks(1), TimeSpan.FromSeconds(20));
        Route route = tunnel.RouteTo("db", 5432);
        Assert.Contains("ssh, host key", route.ToString(), StringComparison.Ordinal);
        Assert.True(route.HasPlaintext);
        await using SshTunnel idle = SshTunnel.Create(Host, _server.Options);
        await Assert.ThrowsAsync<TunnelDownException>(() => idle.PingAsync());
    }

    [Fact]
    public async Task What_outlives_its_caller_is_not_part_of_his_trace()
    {
        string destination = $"ssh://joe@127.0.0.1:{_server.Port}";
        List<Activity> activities = [];
        using ActivityListener tracing = Trace(destination, activities);
        using var request = new Activity("request");
        await using SshTunnel tunnel = SshTunnel.Create(destination, _server.Options with { User = null, Port = null });
        request.Start();
        await tunnel.EnsureOpenAsync().TestTime();
        await using TunnelListener listener = await tunnel.ForwardAsync("echo", 1);
        Activity.Current = null;
        Assert.Equal("ping.", await AskAsync(new IPEndPoint(IPAddress.Loopback, listener.Port), AddressFamily.InterNetwork));
        Assert.Equal(["adit.open", "adit.connect"], activities.Select(static activity => activity.OperationName));
        Assert.Equal(request.SpanId, activities[0].ParentSpanId);
        Assert.Equal(default, activities[1].ParentSpanId);
    }

    [Fact]
    public async Task Traces_and_metrics_say_where_and_what_failed()
    {
        string destination = $"ssh://joe@127.0.0.1:{_server.Port}";
        List<Activity> activities = [];
        using ActivityListener tracing = Trace(destination, activities);
        Dictionary<string, long> sums = new(StringComparer.Ordinal);
        using var metering = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == TunnelTelemetry.Name)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        metering.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            Dictionary<string, object?> all = new([.. tags], StringComparer.Ordinal);
            if (!destination.Equals(all["adit.destination"]))
                return;
            string key = $"{instrument.Name} {all.GetValueOrDefault("error.type") ?? all.GetValueOrDefault("network.io.direction") ?? all.GetValueOrDefault("adit.link.state")}";
            lock (sums)
                sums[key] = sums.GetValueOrDefault(key) + value;
        });
        metering.Start();

        await using (SshTunnel tunnel = await SshTunnel.OpenAsync(destination, _server.Options with { User = null, Port = null }).TestTime())
        {
            await using (TunnelStream stream = await tunnel.ConnectAsync("echo", 5432))
            {
                await stream.WriteAsync("hello"u8.ToArray());
                await stream.CompleteWritesAsync();
                await ReadToEndAsync(stream);
            }

            await Assert.ThrowsAsync<TargetUnreachableException>(() => tunnel.ConnectAsync("db", 1));
        }

        Assert.Equal(["adit.open", "adit.connect", "adit.connect"], activities.Select(static activity => activity.OperationName));
        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Unset, ActivityStatusCode.Error], activities.Select(static activity => activity.Status));
        Assert.Equal("refused", activities[2].GetTagItem("error.type"));
        Assert.Equal("echo", activities[1].GetTagItem("server.address"));
        Assert.Equal(0, sums["adit.connections.active "]);
        Assert.Equal(1, sums["adit.connections "]);
        Assert.Equal(1, sums["adit.connections refused"]);
        Assert.Equal(5, sums["adit.io transmit"]);
        Assert.Equal(6, sums["adit.io receive"]);
        Assert.Equal(1, sums["adit.links opened"]);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    private static ActivityListener Trace(string destination, List<Activity> activities)
    {
        var tracing = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == TunnelTelemetry.Name,
            Sample = static (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (destination.Equals(activity.GetTagItem("adit.destination")))
                {
                    lock (activities)
                        activities.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(tracing);
        return tracing;
    }

    private Task<SshTunnel> OpenAsync() => SshTunnel.OpenAsync(Host, _server.Options).TestTime();

    private static async Task<string> ReadToEndAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        return await reader.ReadToEndAsync().TestTime();
    }

    private static async Task<int> ReadEndAsync(Stream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // One or the other may still reach the server that is about to hang up.
    private static async Task FailAsync(SshTunnel tunnel)
    {
        while (true)
        {
            await (await tunnel.ConnectAsync("echo", 1)).DisposeAsync();
            await Task.Yield();
        }
    }

    // Until the end of the former one is known here, it may still be the one that is used.
    private static async Task<TunnelStream> UntilConnectedAsync(SshTunnel tunnel)
    {
        while (true)
        {
            try
            {
                return await tunnel.ConnectAsync("echo", 1);
            }
            catch (TunnelDownException)
            {
                await Task.Yield();
            }
        }
    }

    private static async Task<string> AskAsync(EndPoint where, AddressFamily family)
    {
        using var socket = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(where);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync("ping"u8.ToArray());
        socket.Shutdown(SocketShutdown.Send);
        return await ReadToEndAsync(stream);
    }

    private static async Task<string> AskFromChildAsync(string script)
    {
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        string said = await bash.StandardOutput.ReadToEndAsync().TestTime();
        await bash.WaitForExitAsync().TestTime();
        return said;
    }
}
