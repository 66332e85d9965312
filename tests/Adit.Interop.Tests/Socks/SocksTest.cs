using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Adit.Interop.Tests.Engine;
using Adit.Interop.Tests.Peers;
using Adit.Relay;
using Adit.Socks;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Socks;

/// <summary>A SOCKS listener, with a web server and an echo at its far side, which has names of its own.</summary>
public abstract class SocksTest(ITestOutputHelper output) : EngineTest(output)
{
    internal const string Page = "the page behind the SOCKS port";

    /// <summary>The targets that were asked for.</summary>
    internal ConcurrentQueue<Endpoint> Asked { get; } = new();

    /// <summary>Starts to serve SOCKS on a listener.</summary>
    internal Forward Serve(IListener listener, Admission? admission = null) => Own(Forward.Start(
        new SocksListener(listener), null, new FarSide(Asked), new() { Admission = admission ?? Admission.SameUser }));

    internal async Task<string> ServeAsync() =>
        Serve(await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"))).Endpoints[0].ToString();

    internal WebServer StartWeb() => Own(WebServer.Start(LoopbackPort.Free(), Page));

    // Every name and address is this machine's.
    private sealed class FarSide(ConcurrentQueue<Endpoint> asked) : IDialer
    {
        private readonly TcpDialer _dialer = new();

        public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
        {
            asked.Enqueue(target);
            return _dialer.DialAsync(Endpoint.Tcp("127.0.0.1", target.Port), origin, cancellationToken);
        }
    }

    internal sealed class WebServer : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _serving;

        private WebServer(int port, string page)
        {
            Port = port;
            _listener.Prefixes.Add($"http://+:{port}/");
            _listener.Start();
            _serving = ServeAsync(page);
        }

        public int Port { get; }

        public static WebServer Start(int port, string page) => new(port, page);

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _serving;
        }

        private async Task ServeAsync(string page)
        {
            while (true)
            {
                try
                {
                    HttpListenerContext context = await _listener.GetContextAsync();
                    await context.Response.OutputStream.WriteAsync(Encoding.ASCII.GetBytes(page));
                    context.Response.Close();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    if (!_listener.IsListening)
                        return;
                }
            }
        }
    }
}
