using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Policy;
using Adit.Gateway.Serving;
using Adit.Gateway.Tests.Configuration;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;
using Channel = Adit.Ssh.Connection.Channel;

namespace Adit.Gateway.Tests.Serving;

/// <summary>A whole gateway over memory, with a folder for its files, a clock that waits, and clients of the same engine.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private static readonly SshPrivateKey HostKey = SshPrivateKey.Generate("ssh-ed25519");

    private readonly ConfigFolder _folder = new();
    private readonly List<Task> _served = [];
    private readonly List<SshConnection> _clients = [];

    /// <param name="config">Lines of the configuration; {folder} is its folder.</param>
    /// <param name="keyOptions">Options in front of the user's key.</param>
    /// <param name="names">Looks names up; null for the system.</param>
    /// <param name="events">Takes what happens; null for <see cref="Events"/>.</param>
    public TestGateway(string config = "", string keyOptions = "", NameQuery? names = null, Func<EventList, IGatewayEvents>? events = null)
    {
        string hostKey = _folder.Write("host_key", string.Empty);
        File.WriteAllBytes(hostKey, HostKey.ToOpenSshFormat());
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(hostKey, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Authorize(keyOptions);
        Configure(config);
        Server = GatewayServer.Create(Load, events?.Invoke(Events) ?? Events, Time, names);
    }

    public static SshPrivateKey UserKey { get; } = SshPrivateKey.Generate("ssh-ed25519");

    public GatewayServer Server { get; }

    public EventList Events { get; } = new();

    public ManualTimeProvider Time { get; } = new();

    public string Folder => _folder.Path;

    /// <summary>The gateway's end of each connection, to be told when it is over.</summary>
    public Task LastServed => _served[^1];

    public GatewayConfiguration Load() => GatewayConfiguration.Of(SshdConfig.Read(_folder.MainFile, []));

    public void Configure(string config) => _folder.Write("sshd_config", $"""
        HostKey {Folder}/host_key
        AuthorizedKeysFile {Folder}/keys
        StrictModes no
        {config.Replace("{folder}", Folder, StringComparison.Ordinal)}
        """);

    public void Authorize(string keyOptions) => _folder.Write("keys", $"{keyOptions} {UserKey.PublicKey}\n");

    public string Write(string name, string text) => _folder.Write(name, text);

    public string MakePipe(string name) => _folder.MakePipe(name);

    public async Task<SshConnection> ConnectAsync(
        string user = "joe", IConnectionHandler? handler = null, IReadOnlyList<ClientAuthMethod>? methods = null, string from = "192.0.2.7")
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.Pair();
        _served.Add(Server.ServeAsync(near, new(from, 50000), Endpoint.Tcp("192.0.2.1", 22)));
        SshConnection client = await SshClient.ConnectAsync(far.AsStream(), new()
        {
            User = user,
            VerifyHostKey = static (_, _) => default,
            Authentication = methods ?? [new PublicKeyMethod([UserKey])],
            Handler = handler,
        }).TestTime();
        _clients.Add(client);

        // The client is in a moment before the gateway has everything ready; an answer tells that it has.
        await client.RequestAsync("ready@example.com", []).AsTask().TestTime();
        return client;
    }

    /// <summary>Lets time pass, second by second, so that every round of the gateway's housekeeping sees its own.</summary>
    public async Task<SshClosedException> ExpiresAsync(SshConnection client, int seconds)
    {
        for (int i = 0; i < seconds - 1; i++)
            Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(client.Closed.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(1));
        return await client.Closed.TestTime();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (SshConnection client in _clients)
            await client.DisposeAsync();
        await Server.DisposeAsync().AsTask().TestTime();
        await Task.WhenAll(_served).TestTime();
        _folder.Dispose();
    }
}

/// <summary>The client's side of remote forwards: takes every channel that the gateway opens.</summary>
internal sealed class ForwardTaker : IConnectionHandler
{
    private readonly System.Threading.Channels.Channel<(string Type, byte[] Fields, Channel Channel)> _opened =
        System.Threading.Channels.Channel.CreateUnbounded<(string, byte[], Channel)>();

    public bool Refuses { get; init; }

    public void OnChannelOpen(IncomingChannel channel)
    {
        if (Refuses)
            channel.Refuse(ChannelOpenFailureReason.ConnectFailed, "nobody is at home");
        else
            _opened.Writer.TryWrite((channel.Type, channel.Fields.ToArray(), channel.Accept()));
    }

    public void OnGlobalRequest(IncomingRequest request) => request.Fail();

    public Task<(string Type, byte[] Fields, Channel Channel)> NextAsync() => _opened.Reader.ReadAsync().AsTask().TestTime("a forwarded channel");
}

/// <summary>A server that sends back what it gets, in the end of a tunnel.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly Socket _listener;

    public EchoServer(string? path = null)
    {
        _listener = path is null ? new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) : new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(path is null ? new IPEndPoint(IPAddress.Loopback, 0) : new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public int Accepted { get; private set; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync();
                Accepted++;
                _ = EchoAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private static async Task EchoAsync(Socket client)
    {
        using NetworkStream stream = new(client, ownsSocket: true);
        try
        {
            await stream.CopyToAsync(stream);
            client.Shutdown(SocketShutdown.Send);
        }
        catch (IOException)
        {
            // The gateway aborted it.
        }
    }
}

/// <summary>Bytes over channels.</summary>
internal static class ChannelBytes
{
    /// <summary>Sends bytes, ends the direction and reads all that comes back.</summary>
    public static async Task<byte[]> ExchangeAsync(this Channel channel, byte[] data)
    {
        await channel.WriteAsync(data).AsTask().TestTime();
        channel.CompleteOutput();
        return await channel.ReadAllAsync();
    }

    public static async Task<byte[]> ReadAllAsync(this Channel channel)
    {
        using MemoryStream all = new();
        while (await channel.ReadAsync().AsTask().TestTime() is { IsEmpty: false } data)
            all.Write(data.Span);
        return all.ToArray();
    }
}
