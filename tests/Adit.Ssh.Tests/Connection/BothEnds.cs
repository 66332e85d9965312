using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Connection;

/// <summary>A client and a server of this engine, over memory.</summary>
internal sealed class BothEnds : IAsyncDisposable
{
    public static SshPrivateKey UserKey { get; } = SshPrivateKey.Generate("ssh-ed25519");

    private static readonly SshPrivateKey[] DefaultHostKeys = [SshPrivateKey.Generate("ssh-ed25519")];

    private BothEnds(SshConnection client, SshConnection server, TestAuthenticator authenticator) =>
        (Client, Server, Authenticator) = (client, server, authenticator);

    public SshConnection Client { get; }

    public SshConnection Server { get; }

    public TestAuthenticator Authenticator { get; }

    public static SshClientOptions ClientOptions(params ClientAuthMethod[] methods) => new()
    {
        User = "joe",
        VerifyHostKey = static (_, _) => default,
        Authentication = methods.Length > 0 ? methods : [new PublicKeyMethod([UserKey])],
    };

    public static SshServerOptions ServerOptions(TestAuthenticator authenticator) => new() { HostKeys = DefaultHostKeys, Authenticator = authenticator };

    public static async Task<BothEnds> ConnectAsync(
        Func<SshServerOptions, SshServerOptions>? server = null,
        Func<SshClientOptions, SshClientOptions>? client = null,
        TestAuthenticator? authenticator = null,
        StreamPair? pair = null)
    {
        authenticator ??= new TestAuthenticator();
        authenticator.Keys.Add(UserKey.PublicKey);
        pair ??= new StreamPair();
        SshServerOptions serverOptions = ServerOptions(authenticator);
        SshClientOptions clientOptions = ClientOptions();
        Task<SshConnection> accepting = SshServer.AcceptAsync(pair.Right, server?.Invoke(serverOptions) ?? serverOptions);
        Task<SshConnection> connecting = SshClient.ConnectAsync(pair.Left, client?.Invoke(clientOptions) ?? clientOptions);
        await Task.WhenAll(accepting, connecting).TestTime();
        return new(await connecting, await accepting, authenticator);
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
    }
}
