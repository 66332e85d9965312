using System.Collections.Concurrent;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Mux.Messages;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Tests.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Mux;

[SupportedOSPlatform("linux")]
public sealed class MuxMasterTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("adit-").FullName;
    private readonly FakeTarget _target = new();
    private MuxMaster _master = null!;

    private string ControlPath => Path.Combine(_folder, "control");

    public Task InitializeAsync()
    {
        _master = MuxMaster.Listen(ControlPath, _target);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _master.DisposeAsync().AsTask().TestTime();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_client_learns_the_masters_process()
    {
        using MuxClient client = await ConnectAsync();
        Assert.Equal(Environment.ProcessId, await client.CheckAsync(default).TestTime());
        Assert.Equal(Environment.ProcessId, await client.CheckAsync(default).TestTime());
    }

    [Fact]
    [Trait("Surface", "S2-13")]
    public async Task Forwards_are_opened_and_ended_and_a_chosen_port_is_told()
    {
        using MuxClient client = await ConnectAsync();
        Assert.Null(await client.ForwardAsync(new(ForwardKind.Local, ForwardSpec.ParseLocal("5432:db:5432")), default).TestTime());
        _target.Open = static _ => 40_001;
        Assert.Equal(40_001, await client.ForwardAsync(new(ForwardKind.Remote, ForwardSpec.ParseRemote("0:localhost:80")), default).TestTime());
        await client.CancelForwardAsync(new(ForwardKind.Dynamic, ForwardSpec.ParseDynamic("*:1080")), default).TestTime();
        Assert.Equal(["open -L localhost:5432:db:5432", "open -R localhost:0:localhost:80", "close -D *:1080"], _target.Asked);
    }

    [Fact]
    public async Task A_forward_that_fails_is_told_with_the_reason_and_the_client_stays()
    {
        _target.Open = static _ => throw new ListenException("localhost:5432", ListenFailure.InUse, "another program listens there");
        using MuxClient client = await ConnectAsync();
        MuxException e = await Assert.ThrowsAsync<MuxException>(
            () => client.ForwardAsync(new(ForwardKind.Local, ForwardSpec.ParseLocal("5432:db:5432")), default).TestTime());
        Assert.Contains("could not forward -L localhost:5432:db:5432: cannot listen on localhost:5432: another program listens there", e.Message, StringComparison.Ordinal);
        await client.CheckAsync(default).TestTime();
    }

    [Fact]
    public async Task A_person_who_says_no_is_obeyed()
    {
        List<string> questions = [];
        ConcurrentQueue<string> said = [];
        await using MuxMaster asking = MuxMaster.Listen(ControlPath + "2", _target, new()
        {
            Name = "bastion",
            Confirm = (question, _) =>
            {
                questions.Add(question);
                return new(false);
            },
            Log = said.Enqueue,
        });
        using MuxClient client = await MuxClient.ConnectAsync(asking.Path, default).TestTime();
        using var streams = new Streams();
        await RefusedAsync(() => client.ForwardAsync(new(ForwardKind.Local, ForwardSpec.ParseLocal("1:db:2")), default));
        await RefusedAsync(() => client.StopListeningAsync(default));
        await RefusedAsync(() => client.ExitAsync(default));
        await RefusedAsync(() => streams.RunAsync(client));
        await RefusedAsync(() => client.ForwardStdioAsync(Endpoint.Tcp("db", 2), streams.Input.ClientSafePipeHandle, streams.Output.ClientSafePipeHandle, cancellationToken: default));
        Assert.Equal(
            ["Open -L localhost:1:db:2 on bastion?", "Disable further multiplexing on shared connection to bastion?",
                "Terminate shared connection to bastion?", "Allow shared connection to bastion?", "Allow forward to db:2?"],
            questions);
        Assert.Empty(_target.Asked);

        async Task RefusedAsync(Func<Task> request)
        {
            MuxException e = await Assert.ThrowsAsync<MuxException>(() => request().TestTime());
            Assert.True(e.Message.Contains("was not allowed to", StringComparison.Ordinal), $"{e.Message}\n{string.Join('\n', said)}");
        }
    }

    [Fact]
    public async Task A_master_that_stops_listening_removes_its_socket_and_keeps_its_clients()
    {
        using MuxClient client = await ConnectAsync();
        await client.StopListeningAsync(default).TestTime();
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
        await _master.ListeningEnded.TestTime();
        await client.CheckAsync(default).TestTime();
        MuxException e = await Assert.ThrowsAsync<MuxException>(ConnectAsync);
        Assert.Contains("no master listens", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exit_is_answered_and_then_done()
    {
        using MuxClient client = await ConnectAsync();
        await client.ExitAsync(default).TestTime();
        await _target.Terminated.Task.TestTime();
    }

    [Fact]
    public async Task Texts_about_the_connection_are_told()
    {
        using MuxClient client = await ConnectAsync();
        Assert.Equal("a connection\n", await client.DescribeConnectionAsync(default).TestTime());
        Assert.Equal("no channels\n", await client.DescribeChannelsAsync(default).TestTime());
    }

    [Theory]
    [InlineData("db:5432")]
    [InlineData("/run/db.sock")]
    public async Task A_stdio_forward_carries_both_directions_and_ends_with_both(string target)
    {
        using MuxClient client = await ConnectAsync();
        using var streams = new Streams();
        Task forward = client.ForwardStdioAsync(Endpoint.Parse(target), streams.Input.ClientSafePipeHandle, streams.Output.ClientSafePipeHandle, default);
        using Socket far = await Task.Run(_target.Dialed.Take).TestTime();
        streams.CloseLocal();

        streams.Input.Write("question"u8);
        streams.Input.Dispose();
        Assert.Equal("question", await ReadToEndAsync(far));
        await far.SendAsync("answer"u8.ToArray());
        far.Shutdown(SocketShutdown.Both);
        using var reader = new StreamReader(streams.Output);
        Assert.Equal("answer", await reader.ReadToEndAsync().TestTime());
        await forward.TestTime();
        Assert.Equal([$"dial {target}"], _target.Asked);
    }

    [Fact]
    public async Task A_stdio_forward_that_cannot_be_made_is_told()
    {
        using MuxClient client = await ConnectAsync();
        using var streams = new Streams();
        MuxException e = await Assert.ThrowsAsync<MuxException>(
            () => client.ForwardStdioAsync(Endpoint.Tcp("db", 1), streams.Input.ClientSafePipeHandle, streams.Output.ClientSafePipeHandle, default).TestTime());
        Assert.Contains("connection refused", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_its_stdio_forward()
    {
        using MuxClient client = await ConnectAsync();
        using var streams = new Streams();
        Task forward = client.ForwardStdioAsync(Endpoint.Tcp("db", 5432), streams.Input.ClientSafePipeHandle, streams.Output.ClientSafePipeHandle, default);
        using Socket far = await Task.Run(_target.Dialed.Take).TestTime();
        streams.CloseLocal();
        client.Dispose();
        Assert.Equal(string.Empty, await ReadToEndAsync(far));
        Assert.Equal(-1, await Task.Run(streams.Output.ReadByte).TestTime());
        await Assert.ThrowsAnyAsync<Exception>(() => forward.TestTime());
    }

    [Fact]
    public async Task A_session_gets_the_streams_and_its_status_gets_back()
    {
        MuxSessionRequest? asked = null;
        _target.Session = (request, streams) =>
        {
            asked = request;
            return new FakeSession(async (terminalRefused, stop) =>
            {
                await terminalRefused();
                byte[] block = new byte[64];
                int count = await streams.Input.ReadAsync(block, stop);
                await streams.Output.WriteAsync(block.AsMemory(0, count), stop);
                await streams.Error.WriteAsync("oops"u8.ToArray(), stop);
                return 42;
            });
        };
        using MuxClient client = await ConnectAsync();
        using var streams = new Streams();
        List<string> events = [];
        var request = new MuxSessionRequest
        {
            WantsTerminal = true,
            EscapeChar = '~',
            Terminal = "xterm",
            Command = "cat",
            Environment = ["LANG=C"],
        };
        Task<int?> session = streams.RunAsync(client, request, () => events.Add("opened"), () => events.Add("no terminal"));
        streams.Input.Write("in"u8);
        Assert.Equal(42, await session.TestTime());
        streams.CloseLocal();

        Assert.Equal(["opened", "no terminal"], events);
        Assert.Equal(["LANG=C"], asked!.Environment);
        Assert.Equal(request, asked with { Environment = request.Environment });
        using var output = new StreamReader(streams.Output);
        using var error = new StreamReader(streams.Error);
        Assert.Equal(("in", "oops"), (await output.ReadToEndAsync().TestTime(), await error.ReadToEndAsync().TestTime()));
    }

    [Fact]
    public async Task A_session_that_cannot_be_what_was_asked_for_is_refused_with_the_reason()
    {
        _target.Session = static (_, _) => throw new ArgumentException("what to run is missing");
        using MuxClient client = await ConnectAsync();
        using var streams = new Streams();
        MuxException e = await Assert.ThrowsAsync<MuxException>(() => streams.RunAsync(client, new() { IsSubsystem = true }).TestTime());
        Assert.Contains("what to run is missing", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_in_serving_one_client_ends_neither_the_master_nor_others()
    {
        using MuxClient other = await ConnectAsync();
        _target.Session = static (_, _) => throw new InvalidOperationException("a fault");
        using (MuxClient client = await ConnectAsync())
        {
            using var streams = new Streams();
            await Assert.ThrowsAsync<MuxException>(() => streams.RunAsync(client).TestTime());
        }

        await other.CheckAsync(default).TestTime();
        await _master.DisposeAsync().AsTask().TestTime();
    }

    [Fact]
    public async Task A_session_whose_connection_was_lost_has_no_status()
    {
        _target.Session = static (_, _) => new FakeSession(static (_, _) => Task.FromResult<int?>(null));
        using MuxClient client = await ConnectAsync();
        using var streams = new Streams();
        Assert.Null(await streams.RunAsync(client).TestTime());
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_its_session_and_closes_its_streams()
    {
        var session = new FakeSession(static async (_, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            return 0;
        });
        _target.Session = (_, _) => session;
        MuxClient client = await ConnectAsync();
        using var streams = new Streams();
        var opened = new TaskCompletionSource();
        Task<int?> running = streams.RunAsync(client, opened: opened.SetResult);
        await opened.Task.TestTime();
        streams.CloseLocal();
        client.Dispose();
        await session.Disposed.Task.TestTime();
        Assert.Equal(-1, await Task.Run(streams.Output.ReadByte).TestTime());
        await Assert.ThrowsAnyAsync<Exception>(() => running.TestTime());
    }

    [Fact]
    public async Task The_end_of_the_master_ends_its_sessions()
    {
        var session = new FakeSession(static async (_, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            return 0;
        });
        _target.Session = (_, _) => session;
        using MuxClient client = await ConnectAsync();
        using var streams = new Streams();
        var opened = new TaskCompletionSource();
        Task<int?> running = streams.RunAsync(client, opened: opened.SetResult);
        await opened.Task.TestTime();
        await _master.DisposeAsync().AsTask().TestTime();
        Assert.True(session.Disposed.Task.IsCompletedSuccessfully);
        Assert.Null(await running.TestTime());
    }

    [Fact]
    public async Task A_client_has_one_session_and_the_descriptors_of_another_are_closed()
    {
        var finish = new TaskCompletionSource<int?>();
        _target.Session = (_, _) => new FakeSession((_, _) => finish.Task);
        using RawClient client = await RawClient.ConnectAsync(ControlPath);
        using var streams = new Streams();
        using var others = new Streams();
        await client.Socket.WriteAsync(Session(1), streams.Handles, default);
        Assert.Equal(MuxMessageNumber.SessionOpened, await client.NextAsync());
        await client.Socket.WriteAsync(Session(2), others.Handles, default);
        Assert.Equal(MuxMessageNumber.Failure, await client.NextAsync());
        others.CloseLocal();
        Assert.Equal(-1, await Task.Run(others.Output.ReadByte).TestTime());
        finish.SetResult(0);
        Assert.Equal(MuxMessageNumber.ExitMessage, await client.NextAsync());
        Assert.Null(await client.Socket.ReadAsync(default).AsTask().TestTime());
    }

    [Fact]
    public async Task A_request_that_nobody_knows_fails_and_leaves_the_client_there()
    {
        using RawClient client = await RawClient.ConnectAsync(ControlPath);
        await client.Raw.SendAsync(Convert.FromHexString("00000008" + "10000099" + "00000007"));
        Assert.Equal(MuxMessageNumber.Failure, await client.NextAsync());
        await client.Socket.WriteAsync(new AliveCheck(8), default);
        Assert.Equal(MuxMessageNumber.Alive, await client.NextAsync());
    }

    [Theory]
    [InlineData("00000004" + "10000004")] // no request id
    [InlineData("00000000")] // no type
    [InlineData("00000003" + "100000")]
    [InlineData("00040001")] // longer than packets may be
    [InlineData("ffffffff")]
    [InlineData("0000000a" + "10000004" + "00000001" + "0000")] // left over
    [InlineData("00000008" + "00000001" + "00000004")] // hello again
    public async Task A_client_that_breaks_the_protocol_is_let_go_and_the_others_stay(string packet)
    {
        using MuxClient other = await ConnectAsync();
        using RawClient client = await RawClient.ConnectAsync(ControlPath);
        await client.Raw.SendAsync(Convert.FromHexString(packet));
        Assert.Null(await EndAsync(client));
        await other.CheckAsync(default).TestTime();
    }

    [Theory]
    [InlineData("00000008" + "10000004" + "00000001")] // no hello
    [InlineData("00000008" + "00000001" + "00000003")] // another version
    [InlineData("00000008" + "00000001" + "00000005")]
    public async Task Who_does_not_say_hello_in_this_version_is_let_go(string packet)
    {
        using RawClient client = await RawClient.ConnectAsync(ControlPath, hello: false);
        await client.Raw.SendAsync(Convert.FromHexString(packet));
        Assert.Null(await EndAsync(client));
    }

    [Fact]
    public async Task A_session_without_its_descriptors_leaves_none_open()
    {
        using RawClient client = await RawClient.ConnectAsync(ControlPath);
        using var streams = new Streams();
        await client.Socket.WriteAsync(Session(1), [streams.Output.ClientSafePipeHandle], default);
        await client.Socket.WriteAsync(new AliveCheck(2), default);
        streams.CloseLocal();
        Assert.Null(await EndAsync(client));
        Assert.Equal(-1, await Task.Run(streams.Output.ReadByte).TestTime());
    }

    [Fact]
    public async Task Another_user_is_turned_away()
    {
        if (!OtherUser.IsPossible)
            return;
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_111_111);
        File.SetUnixFileMode(ControlPath, (UnixFileMode)0b110_110_110);
        Socket socket = OtherUser.Run(() =>
        {
            Socket made = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            made.Connect(new UnixDomainSocketEndPoint(ControlPath));
            return made;
        });
        using var client = new MuxSocket(socket);
        Assert.Null(await client.ReadAsync(default).AsTask().TestTime());
    }

    [Fact]
    public async Task A_master_of_another_user_is_given_nothing()
    {
        if (!OtherUser.IsPossible)
            return;
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_111_111);
        string path = Path.Combine(_folder, "impostor");
        using Socket listener = OtherUser.Run(() =>
        {
            Socket made = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            made.Bind(new UnixDomainSocketEndPoint(path));
            made.Listen();
            return made;
        });
        MuxException e = await Assert.ThrowsAsync<MuxException>(() => MuxClient.ConnectAsync(path, default).TestTime());
        Assert.Contains("another user's", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_number_of_clients_is_told_and_limited()
    {
        var changes = new System.Collections.Concurrent.BlockingCollection<int>();
        await using MuxMaster small = MuxMaster.Listen(ControlPath + "2", _target, new() { MaxClients = 1, ClientsChanged = changes.Add });
        using (await MuxClient.ConnectAsync(small.Path, default).TestTime())
        {
            Assert.Equal(1, changes.Take());
            await Assert.ThrowsAsync<MuxException>(() => MuxClient.ConnectAsync(small.Path, default).TestTime());
            Assert.Equal((2, 1), (changes.Take(), changes.Take()));
        }

        Assert.Equal(0, await Task.Run(changes.Take).TestTime());
    }

    private static NewSession Session(uint id) => new(id, false, false, false, false, NewSession.NoEscapeChar, "", "", []);

    private static async Task<byte[]?> EndAsync(RawClient client)
    {
        try
        {
            return await client.Socket.ReadAsync(default).AsTask().TestTime();
        }
        catch (SocketException)
        {
            return null; // a reset, for what the master left unread
        }
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync().TestTime();
    }

    private Task<MuxClient> ConnectAsync() => MuxClient.ConnectAsync(ControlPath, default).TestTime();

    /// <summary>Pipes to be a client's standard streams.</summary>
    private sealed class Streams : IDisposable
    {
        public AnonymousPipeServerStream Input { get; } = new(PipeDirection.Out);

        public AnonymousPipeServerStream Output { get; } = new(PipeDirection.In);

        public AnonymousPipeServerStream Error { get; } = new(PipeDirection.In);

        public System.Runtime.InteropServices.SafeHandle[] Handles => [Input.ClientSafePipeHandle, Output.ClientSafePipeHandle, Error.ClientSafePipeHandle];

        public Task<int?> RunAsync(MuxClient client, MuxSessionRequest? request = null, Action? opened = null, Action? terminalRefused = null) =>
            client.RunSessionAsync(request ?? new(), Handles[0], Handles[1], Handles[2], opened, terminalRefused);

        public void CloseLocal()
        {
            Input.DisposeLocalCopyOfClientHandle();
            Output.DisposeLocalCopyOfClientHandle();
            Error.DisposeLocalCopyOfClientHandle();
        }

        public void Dispose()
        {
            Input.Dispose();
            Output.Dispose();
            Error.Dispose();
        }
    }

    /// <summary>A client without manners.</summary>
    private sealed class RawClient(Socket raw) : IDisposable
    {
        public Socket Raw => raw;

        public MuxSocket Socket { get; } = new(raw);

        public static async Task<RawClient> ConnectAsync(string path, bool hello = true)
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            var client = new RawClient(socket);
            Assert.Equal(MuxMessageNumber.Hello, await client.NextAsync());
            if (hello)
                await client.Socket.WriteAsync(new Hello(Hello.CurrentVersion, HasInfo: false), default);
            return client;
        }

        public async Task<MuxMessageNumber> NextAsync() =>
            MuxMessage.NumberOf(Assert.IsType<byte[]>(await Socket.ReadAsync(default).AsTask().TestTime()));

        public void Dispose() => Socket.Dispose();
    }
}
