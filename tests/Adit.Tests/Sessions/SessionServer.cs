using System.Threading.Channels;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;

namespace Adit.Tests.Sessions;

/// <summary>A client's connection, and the server of sessions behind it that a test speaks for, over memory.</summary>
internal sealed class SessionServer : ServerAuthenticator, IConnectionHandler, IAsyncDisposable
{
    private static readonly SshPrivateKey HostKey = SshPrivateKey.Generate("ssh-ed25519");

    private readonly Channel<IncomingRequest> _requests = System.Threading.Channels.Channel.CreateUnbounded<IncomingRequest>();
    private readonly Channel<Ssh.Connection.Channel> _channels = System.Threading.Channels.Channel.CreateUnbounded<Ssh.Connection.Channel>();
    private SshConnection? _server;

    /// <summary>The client's connection, where it is this engine's.</summary>
    public SshConnection Client { get; private set; } = null!;

    public static async Task<SessionServer> StartAsync()
    {
        var handler = new SessionServer();
        var pair = new StreamPair();
        Task<SshConnection> accepting = SshServer.AcceptAsync(pair.Right, new() { HostKeys = [HostKey], Authenticator = handler, Handler = handler });
        handler.Client = await SshClient.ConnectAsync(pair.Left, new()
        {
            User = "joe",
            VerifyHostKey = static (_, _) => default,
            Authentication = [new PasswordMethod(static (_, _) => new("x"u8.ToArray()))],
        }).TestTime();
        handler._server = await accepting.TestTime();
        return handler;
    }

    /// <summary>Serves another client than this engine's.</summary>
    public static async Task<SessionServer> AcceptAsync(Stream stream)
    {
        var handler = new SessionServer();
        handler._server = await SshServer.AcceptAsync(stream, new() { HostKeys = [HostKey], Authenticator = handler, Handler = handler }).TestTime();
        return handler;
    }

    /// <summary>The next request of the client, not answered yet.</summary>
    public Task<IncomingRequest> RequestAsync() => _requests.Reader.ReadAsync().AsTask().TestTime();

    /// <summary>The next session that the client opens.</summary>
    public Task<Ssh.Connection.Channel> SessionAsync() => _channels.Reader.ReadAsync().AsTask().TestTime();

    /// <summary>Opens a session whose requests are all granted, and gives the server's end of it.</summary>
    public async Task<(Adit.Sessions.ClientSession Session, Ssh.Connection.Channel Far)> OpenAsync(Adit.Sessions.SessionOptions? options = null)
    {
        Task<Adit.Sessions.ClientSession> opening = Adit.Sessions.ClientSession.OpenAsync(Client, options ?? new());
        Ssh.Connection.Channel far = await SessionAsync();
        while (await RequestAsync() is var request)
        {
            request.Succeed();
            if (request.Name is "shell" or "exec" or "subsystem")
                break;
        }

        return (await opening.TestTime(), far);
    }

    public override ValueTask<IReadOnlyList<IReadOnlyList<string>>> BeginAsync(string user, CancellationToken cancellationToken) => new([["password"], ["publickey"]]);

    public override ValueTask<bool> AcceptsKeyAsync(SshPublicKey key, bool proved, CancellationToken cancellationToken) => new(true);

    public override ValueTask<bool> AcceptsPasswordAsync(ReadOnlyMemory<byte> password, CancellationToken cancellationToken) => new(true);

    public void OnChannelOpen(IncomingChannel channel) =>
        _channels.Writer.TryWrite(channel.Accept(null, request => _requests.Writer.TryWrite(request)));

    public void OnGlobalRequest(IncomingRequest request) => request.Fail();

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
            await Client.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
