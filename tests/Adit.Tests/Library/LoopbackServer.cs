using System.Net;
using System.Net.Sockets;
using System.Text;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;

namespace Adit.Tests.Library;

/// <summary>
/// An SSH server on a loopback port that wants a password. It echoes what is sent to the host <c>echo</c>, and refuses all others.
/// </summary>
internal sealed class LoopbackServer : IConnectionHandler, IAsyncDisposable
{
    public const string Password = "open sesame";

    private readonly SshPrivateKey _hostKey = SshPrivateKey.Generate("ssh-ed25519");
    private readonly TcpListener _listener;
    private readonly List<SshConnection> _clients = [];
    private readonly List<Task> _work = [];
    private readonly Task _accepting;
    private int _logins;
    private int _entering;
    private bool _disposed;

    public LoopbackServer(int port = 0)
    {
        _listener = new(IPAddress.Loopback, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        Folder = Directory.CreateTempSubdirectory("adit-library-").FullName;
        File.WriteAllText(KnownHosts, $"[127.0.0.1]:{Port} {_hostKey.PublicKey}\n");
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public string Folder { get; }

    public string KnownHosts => Path.Combine(Folder, "known_hosts");

    public string Fingerprint => _hostKey.PublicKey.Fingerprint;

    /// <summary>How many came, whether they got in or not.</summary>
    public int Logins => Volatile.Read(ref _logins);

    /// <summary>Whether everybody is turned away.</summary>
    public bool IsClosed { get; set; }

    /// <summary>How to get in, with nothing of the machine's configuration.</summary>
    public SshTunnelOptions Options => new()
    {
        User = "joe",
        Port = Port,
        ConfigFile = "none",
        KnownHostsFiles = [KnownHosts],
        SshOptions = [new("GlobalKnownHostsFile", "none"), new("IdentityAgent", "none"), new("UpdateHostKeys", "no")],
        Prompt = static (prompt, _) => new(prompt.Kind is SshPromptKind.Password ? Password : null),
    };

    /// <summary>Ends all connections of the moment.</summary>
    public void Hangup()
    {
        // A client may know that it is in before this side has its connection.
        SpinWait.SpinUntil(() => Volatile.Read(ref _entering) == 0, TimeSpan.FromSeconds(20));
        lock (_clients)
        {
            foreach (SshConnection client in _clients)
                client.Close(CloseReason.Closed, "hanging up");
            _clients.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        _listener.Stop();
        await _accepting;
        Hangup();
        Task[] work;
        lock (_work)
            work = [.. _work];
        await Task.WhenAll(work).TestTime();
        Directory.Delete(Folder, recursive: true);
    }

    void IConnectionHandler.OnChannelOpen(IncomingChannel channel)
    {
        if (channel.Type is DirectTcpip.ChannelType && DirectTcpip.Read(channel.Fields.Span).Host is "echo")
        {
            lock (_work)
                _work.Add(EchoAsync(channel.Accept()));
        }
        else
        {
            channel.Refuse(ChannelOpenFailureReason.ConnectFailed, "nobody is there");
        }
    }

    void IConnectionHandler.OnGlobalRequest(IncomingRequest request) => request.Fail();

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                lock (_work)
                    _work.Add(ServeAsync(client));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient owned = client;
        Interlocked.Increment(ref _logins);
        var door = new Door(this);
        try
        {
            var options = new SshServerOptions { HostKeys = [_hostKey], Authenticator = door, Handler = this };
            await using SshConnection connection = await SshServer.AcceptAsync(client.GetStream(), options, CancellationToken.None);
            lock (_clients)
                _clients.Add(connection);
            door.Leave();
            await connection.Closed;
        }
        catch (SshException)
        {
            // The client left, or did not get in.
            door.Leave();
        }
    }

    private static async Task EchoAsync(Channel channel)
    {
        await using (channel)
        {
            try
            {
                while (await channel.ReadAsync() is { IsEmpty: false } data)
                    await channel.WriteAsync(data.ToArray());
                await channel.WriteAsync("."u8.ToArray());
                channel.CompleteOutput();
            }
            catch (SshException)
            {
                // The client left.
            }
        }
    }

    private sealed class Door(LoopbackServer server) : ServerAuthenticator
    {
        private int _isIn;

        /// <summary>The one who was let in has arrived, or gone.</summary>
        public void Leave()
        {
            if (Interlocked.Exchange(ref _isIn, 0) != 0)
                Interlocked.Decrement(ref server._entering);
        }

        public override ValueTask<IReadOnlyList<IReadOnlyList<string>>> BeginAsync(string user, CancellationToken cancellationToken) => new([["password"]]);

        public override ValueTask<bool> AcceptsPasswordAsync(ReadOnlyMemory<byte> password, CancellationToken cancellationToken)
        {
            bool accepts = !server.IsClosed && Encoding.UTF8.GetString(password.Span) == Password;
            if (accepts && Interlocked.Exchange(ref _isIn, 1) == 0)
                Interlocked.Increment(ref server._entering);
            return new(accepts);
        }
    }
}
