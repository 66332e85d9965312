using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>Services of option files, served by adit and by stunnel itself.</summary>
public abstract class TlsTest(ITestOutputHelper output) : PeerTest(output)
{
    private const int Failed = 255;

    internal AuthorityFolder Authority { get; } = new();

    internal string Folder { get; } = RunFolder.Create("tls");

    /// <summary>Starts one of both with the sections of a file, and waits until it listens.</summary>
    internal Task<ChildProcess> StartAsync(bool isAdit, string sections, params IReadOnlyList<int> ports) =>
        isAdit ? StartTlsAsync(sections, ports) : StartStunnelAsync(sections, ports);

    internal async Task<ChildProcess> StartTlsAsync(string sections, params IReadOnlyList<int> ports)
    {
        var adit = await StartAditAsync("tls", Write("adit.conf", $"foreground = yes\nsyslog = no\n{sections}"));
        foreach (var port in ports)
            await LoopbackPort.UntilListeningAsync(port, adit);
        return adit;
    }

    internal async Task<ChildProcess> StartStunnelAsync(string sections, params IReadOnlyList<int> ports)
    {
        var stunnel = Own(await ChildProcess.StartAsync(new("stunnel4", Write("stunnel.conf", $"foreground = yes\nsyslog = no\npid =\ndebug = info\n{sections}"))));
        foreach (var port in ports)
            await LoopbackPort.UntilListeningAsync(port, stunnel);
        return stunnel;
    }

    /// <summary>Starts <c>adit tls</c> with a file that cannot be served, and gives what it says.</summary>
    internal async Task<string> FailAsync(string sections)
    {
        var adit = await StartAditAsync("tls", Write("wrong.conf", $"foreground = yes\nsyslog = no\n{sections}"));
        adit.Input.Close();
        Assert.Equal(Failed, await adit.ExitAsync());
        return adit.Error.Text;
    }

    /// <summary>A section that speaks TLS to who connects.</summary>
    internal static string Server(int accept, int connect, string certificate, string more = "", string name = "server") =>
        string.Create(CultureInfo.InvariantCulture, $"[{name}]\naccept = 127.0.0.1:{accept}\nconnect = 127.0.0.1:{connect}\ncert = {certificate}\n{more}\n");

    /// <summary>A section that speaks TLS to its target.</summary>
    internal static string Client(int accept, int connect, string more, string name = "client") =>
        string.Create(CultureInfo.InvariantCulture, $"[{name}]\nclient = yes\naccept = 127.0.0.1:{accept}\nconnect = 127.0.0.1:{connect}\n{more}\n");

    internal string Verifies(string? host = null) => $"verifyChain = yes\nCAfile = {Authority.CaFile}\n{(host is null ? "" : $"checkHost = {host}\n")}";

    internal string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    internal static Task<Socket> ConnectAsync(int port) => ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));

    internal static async Task<Socket> ConnectAsync(EndPoint at)
    {
        var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(at).WithinAsync($"a connection to {at} should be taken");
        return socket;
    }

    /// <summary>A TLS connection to a port of this machine, whatever certificate is shown there.</summary>
    internal static async Task<SslStream> ConnectTlsAsync(int port, string name = "localhost", string? certificate = null)
    {
        var socket = await ConnectAsync(port);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = name,
            ClientCertificates = certificate is null ? null : [X509Certificate2.CreateFromPemFile(certificate)],
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        }).WithinAsync("TLS should be agreed");
        return tls;
    }

    /// <summary>Says a word and expects it back.</summary>
    internal static async Task EchoAsync(Stream stream, string word = "hello below")
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(word)).AsTask().WithinAsync("a word should be taken");
        var answer = new byte[word.Length];
        await stream.ReadExactlyAsync(answer).AsTask().WithinAsync("a word should come back");
        Assert.Equal(word, Encoding.ASCII.GetString(answer));
    }

    /// <summary>Whether a word comes back over a connection to a port; false where it ends before.</summary>
    internal static async Task<bool> EchoesAsync(int port)
    {
        try
        {
            using var socket = await ConnectAsync(port);
            await socket.SendAsync("x"u8.ToArray());
            return await socket.ReceiveAsync(new byte[1]).WithinAsync("an answer or an end should come") == 1;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return false;
        }
    }

    /// <summary>Runs <c>openssl s_client</c> with this input, and gives all that it says.</summary>
    internal static async Task<string> SClientAsync(int port, string input, params IReadOnlyList<string> options)
    {
        await using var client = await ChildProcess.StartAsync(new(
            "openssl", ["s_client", "-connect", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), .. options]));
        await client.Input.WriteAsync(input);
        client.Input.Close();
        await client.ExitAsync();
        return $"{client.Output.Text}\n{client.Error.Text}";
    }
}
