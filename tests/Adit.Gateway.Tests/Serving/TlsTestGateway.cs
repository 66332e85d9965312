using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Gateway.Serving;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Serving;

/// <summary>An authority of certificates in a folder of files.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset Yesterday = DateTimeOffset.UtcNow.AddDays(-1);

    private readonly X509Certificate2 _root;
    private byte _serial;

    public TestAuthority(string name = "test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(Yesterday, DateTimeOffset.UtcNow.AddDays(1000));
    }

    public string Pem => _root.ExportCertificatePem();

    public X509Certificate2 Certificate(string subject, int days = 10)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        using X509Certificate2 signed = request.Create(_root, Yesterday.AddHours(1), DateTimeOffset.UtcNow.AddDays(days), [1, ++_serial]);
        using X509Certificate2 withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null);
    }

    public string Revoke(params X509Certificate2[] revoked)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (X509Certificate2 one in revoked)
            list.AddEntry(one);
        return PemEncoding.WriteString("X509 CRL", list.Build(_root, 1, DateTimeOffset.UtcNow.AddDays(2), HashAlgorithmName.SHA256, thisUpdate: Yesterday));
    }

    public void Dispose() => _root.Dispose();
}

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
        ShowCertificate(Authority.Certificate("CN=gateway"));
        Files.Write("ca.pem", Authority.Pem);
        Files.Write("crl.pem", Authority.Revoke());
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
        Files.Write("tls.pem", certificate.ExportCertificatePem());
        string key = Files.Write("tls.key", certificate.GetECDsaPrivateKey()!.ExportECPrivateKeyPem());
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public X509Certificate2 Joe(int days = 10) => Authority.Certificate("CN=joe, OU=ops", days);

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

        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "gateway",
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, [], offline: true),
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Issuer is "CN=test authority",
            ApplicationProtocols = protocol is { } one ? [one] : null,
        }).TestTime();
        return tls;
    }

    public async Task<NetworkStream> ConnectAsync()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Port).TestTime();
        return new(socket, ownsSocket: true);
    }

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
