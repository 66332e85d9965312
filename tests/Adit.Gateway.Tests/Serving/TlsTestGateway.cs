using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Adit.Gateway.Serving;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;

namespace Adit.Gateway.Tests.Serving;

/// <summary>A gateway with one TLS port of this machine, which leads to a server that sends back what it gets.</summary>
internal sealed class TlsTestGateway : IAsyncDisposable
{
    private readonly string _listen;
    private readonly ShiftedClock _clock;

    private TlsTestGateway(string config, string listen)
    {
        _listen = listen;
        Files = new();
        _clock = new(Files.Time);
        ShowCertificate(Authority.CertificateOf("CN=gateway"));
        Files.Write("ca.pem", Authority.Root.Pem);
        Files.Write("crl.pem", Authority.RevokePem());
        Configure(config);
    }

    public TestGateway Files { get; }

    public EventList Events => Files.Events;

    public ManualTimeProvider Time => Files.Time;

    public GatewayServer Server { get; private set; } = null!;

    public TestAuthority Authority { get; } = new();

    public EchoServer Echo { get; } = new();

    public int Port => Server.Endpoints[^1].Port;

    /// <param name="config">Lines beside those that make the port.</param>
    /// <param name="kind">What stands behind the target.</param>
    public static async Task<TlsTestGateway> StartAsync(string config = "AditTlsUser joe CN=joe", string kind = "")
    {
        var gateway = new TlsTestGateway(config, kind);
        gateway.Server = await GatewayServer.StartAsync(gateway.Files.Load, gateway.Events, gateway._clock, [ListenSpec.Tcp(0, "127.0.0.1")], default);
        return gateway;
    }

    public void Configure(string config) => Files.Configure($$"""
        AditTlsListen 127.0.0.1:0 127.0.0.1:{{Echo.Port}} {{_listen}}
        AditTlsCertificate {folder}/tls.pem
        AditTlsKey {folder}/tls.key
        AditTlsClientCA {folder}/ca.pem
        AditTlsClientCRL {folder}/crl.pem
        {{config}}
        """);

    public void ShowCertificate(X509Certificate2 certificate)
    {
        Files.Write("tls.pem", certificate.Pem);
        // The older form, which openssl makes of such keys with -traditional.
        CertificatePem.WriteSecret(Path.Join(Files.Folder, "tls.key"), certificate.GetECDsaPrivateKey()!.ExportECPrivateKeyPem());
    }

    public X509Certificate2 Joe(int days = 10) => Authority.CertificateOf("CN=joe, OU=ops", DateTimeOffset.UtcNow.AddDays(days));

    /// <summary>Puts the clock forward, other than by letting every second pass, and lets one pass.</summary>
    public void PutForward(TimeSpan time)
    {
        _clock.Shift = time;
        Time.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>Begins with TLS; the gateway may yet send the client away.</summary>
    public async Task<SslStream> DialAsync(X509Certificate2? certificate, byte[]? first = null, SslApplicationProtocol? protocol = null)
    {
        NetworkStream stream = await ConnectAsync();
        if (first is not null)
        {
            await stream.WriteAsync(first).AsTask().TestTime();
            Assert.Equal((byte)'S', await ReadByteAsync(stream));
        }

        return await LoopbackClient.BeginTlsAsync(stream, new()
        {
            TargetHost = "gateway",
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, [], offline: true),
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Issuer is "CN=test authority",
            ApplicationProtocols = protocol is { } one ? [one] : null,
        });
    }

    public Task<NetworkStream> ConnectAsync() => LoopbackClient.ConnectAsync(Port);

    /// <summary>A byte to the target and back; -1 where the connection is over.</summary>
    public static async Task<int> PingAsync(Stream stream)
    {
        try
        {
            await stream.WriteAsync(new byte[] { 42 }).AsTask().TestTime();
            return await ReadByteAsync(stream);
        }
        catch (IOException)
        {
            return -1;
        }
    }

    public static async Task<int> ReadByteAsync(Stream stream)
    {
        byte[] one = new byte[1];
        try
        {
            return await stream.ReadAsync(one).AsTask().TestTime() == 1 ? one[0] : -1;
        }
        catch (IOException)
        {
            return -1;
        }
    }

    /// <summary>Comes, and is sent away.</summary>
    public async Task RefusedAsync(X509Certificate2? certificate)
    {
        try
        {
            await using SslStream tls = await DialAsync(certificate);
            Assert.Equal(-1, await PingAsync(tls));
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // As early as in the handshake.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync().AsTask().TestTime();
        await Files.DisposeAsync();
        Authority.Dispose();
        Echo.Dispose();
    }

    private sealed class ShiftedClock(TimeProvider inner) : TimeProvider
    {
        public TimeSpan Shift { private get; set; }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Shift;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
    }
}
