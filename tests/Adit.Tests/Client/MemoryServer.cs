using System.Threading.Channels;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages.Connection;
using Adit.SshLegs;
using Adit.Tests.Shared;

namespace Adit.Tests.Client;

/// <summary>An SSH server over memory that lets everybody in, echoes what is sent to its targets, and listens where it is asked to.</summary>
internal sealed class MemoryServer : IConnectionHandler, IAsyncDisposable
{
    private static readonly SshPrivateKey HostKey = SshPrivateKey.Generate("ssh-ed25519");
    private static readonly SshPrivateKey UserKey = SshPrivateKey.Generate("ssh-ed25519");

    private readonly Channel<SshConnection> _clients = System.Threading.Channels.Channel.CreateUnbounded<SshConnection>();
    private readonly List<SshConnection> _all = [];
    private readonly List<Task> _echoes = [];
    private readonly List<StreamPair> _pairs = [];
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Requests to listen, as they came.</summary>
    public Channel<TcpipForward> Asked { get; } = System.Threading.Channels.Channel.CreateUnbounded<TcpipForward>();

    /// <summary>Requests to listen no longer, as they came.</summary>
    public Channel<TcpipForward> Cancelled { get; } = System.Threading.Channels.Channel.CreateUnbounded<TcpipForward>();

    /// <summary>How requests to listen are answered; by default with yes, and port 40000 where the server chooses.</summary>
    public Action<IncomingRequest, TcpipForward> Answer { get; set; } = static (request, forward) =>
        request.Succeed(forward.Port == 0 ? new TcpipForwardReply(40000).ToFields() : []);

    /// <summary>What it says to a client of PostgreSQL that asks for TLS; null for silence. By default the question itself comes back.</summary>
    public Func<byte[], byte[]?> AnswerToPostgres { get; set; } = static question => question;

    /// <summary>How often that was asked.</summary>
    public int Questions { get; private set; }

    /// <summary>How many connections it refuses from now on.</summary>
    public int Refusals { get; set; }

    /// <summary>How often it was dialled.</summary>
    public int Dials { get; private set; }

    /// <summary>What is thrown at the next attempts, for good.</summary>
    public Exception? Fails { get; set; }

    /// <summary>Says nothing more to those who are connected, and goes on.</summary>
    public void FallSilent()
    {
        lock (_pairs)
            _pairs.ForEach(pair => pair.Right.Gate = _over.Task);
    }

    /// <summary>Makes a link to it.</summary>
    public async Task<SshLink> ConnectAsync(CancellationToken cancellationToken)
    {
        Dials++;
        if (Fails is not null)
            throw Fails;
        if (Refusals > 0)
        {
            Refusals--;
            throw new DialException(Endpoint.Tcp("server", 22), DialFailure.Refused, "connection refused");
        }

        var pair = new StreamPair();
        lock (_pairs)
            _pairs.Add(pair);
        Task<SshConnection> accepting = SshServer.AcceptAsync(
            pair.Right, new() { HostKeys = [HostKey], Authenticator = new OpenDoor(), Handler = this }, CancellationToken.None);
        var options = new SshClientOptions
        {
            User = "joe",
            VerifyHostKey = static (_, _) => default,
            Authentication = [new PublicKeyMethod([UserKey])],
        };
        Task<SshLink> connecting = SshLink.ConnectAsync(
            Endpoint.Tcp("server", 22), "server", new StreamDialer(pair.Left), options, static () => "verified by the test", cancellationToken);
        SshConnection client = await accepting;
        lock (_all)
            _all.Add(client);
        _clients.Writer.TryWrite(client);
        return await connecting;
    }

    /// <summary>The server's end of the next client.</summary>
    public Task<SshConnection> NextClientAsync() => _clients.Reader.ReadAsync().AsTask().TestTime();

    public async ValueTask DisposeAsync()
    {
        _over.TrySetResult();
        SshConnection[] all;
        lock (_all)
            all = [.. _all];
        foreach (SshConnection client in all)
            await client.DisposeAsync();
        Task[] echoes;
        lock (_echoes)
            echoes = [.. _echoes];
        await Task.WhenAll(echoes);
    }

    void IConnectionHandler.OnChannelOpen(IncomingChannel channel)
    {
        lock (_echoes)
            _echoes.Add(EchoAsync(channel.Accept()));
    }

    void IConnectionHandler.OnGlobalRequest(IncomingRequest request)
    {
        if (request.Name is TcpipForward.RequestName)
        {
            TcpipForward asked = TcpipForward.Read(request.Fields.Span);
            Asked.Writer.TryWrite(asked);
            Answer(request, asked);
        }
        else if (request.Name is TcpipForward.CancelName)
        {
            Cancelled.Writer.TryWrite(TcpipForward.Read(request.Fields.Span));
            request.Succeed();
        }
        else
        {
            request.Fail();
        }
    }

    private async Task EchoAsync(Adit.Ssh.Connection.Channel channel)
    {
        await using (channel)
        {
            try
            {
                while (await channel.ReadAsync() is { IsEmpty: false } data)
                {
                    byte[]? answer = data.ToArray();
                    if (answer is [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
                    {
                        Questions++;
                        answer = AnswerToPostgres(answer);
                    }

                    if (answer is not null)
                        await channel.WriteAsync(answer);
                }

                channel.CompleteOutput();
            }
            catch (SshException)
            {
                // The client left.
            }
        }
    }

    private sealed class OpenDoor : ServerAuthenticator
    {
        public override ValueTask<IReadOnlyList<IReadOnlyList<string>>> BeginAsync(string user, CancellationToken cancellationToken) => new([["publickey"]]);

        public override ValueTask<bool> AcceptsKeyAsync(SshPublicKey key, bool proved, CancellationToken cancellationToken) => new(true);
    }

    private sealed class StreamDialer(Stream stream) : IDialer
    {
        public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) => new(new DialedConnection(
            new StreamDuplex(stream, stream, static _ => default),
            new Route(new Leg("this machine", target.ToString(), LegProtection.None))));
    }
}
