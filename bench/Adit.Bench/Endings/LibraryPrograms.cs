using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Adit.OpenSsh;
using Npgsql;

namespace Adit.Bench.Endings;

/// <summary>Programs that use the library, and go on until they are killed, or told to end.</summary>
internal static class LibraryPrograms
{
    /// <summary>By this name they are started.</summary>
    public const string Benchmark = "library-program";

    /// <param name="arguments">Server's port, key file, program, and what that one takes.</param>
    public static async Task RunAsync(IReadOnlyList<string> arguments)
    {
        var options = new SshTunnelOptions
        {
            Port = int.Parse(arguments[0], CultureInfo.InvariantCulture),
            IdentityFiles = [arguments[1]],
            ConfigFile = "none",
            KnownHostsFiles = ["/dev/null"],
            StrictHostKeyChecking = HostKeyChecking.Off,
        };
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        try
        {
            await (arguments[2] is "npgsql" ? QueryAsync(options, arguments[3], stop.Token) : ForwardAsync(options, Number(arguments[3]), Number(arguments[4]), stop.Token));
        }
        catch (OperationCanceledException)
        {
            // Ended in order.
        }
    }

    private static async Task ForwardAsync(SshTunnelOptions options, int port, int target, CancellationToken stop)
    {
        await using SshTunnel tunnel = await SshTunnel.OpenAsync("127.0.0.1", options, stop);
        await using TunnelListener listener = await tunnel.ForwardAsync("127.0.0.1", target, new() { Port = port }, stop);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, listener.Port, stop);
        byte[] block = new byte[4096];
        do
        {
            await socket.SendAsync(block, stop);
        }
        while (await socket.ReceiveAsync(block, stop) > 0);
    }

    private static async Task QueryAsync(SshTunnelOptions options, string connectionString, CancellationToken stop)
    {
        NpgsqlDataSource source = new NpgsqlDataSourceBuilder(connectionString).UseAdit("127.0.0.1", options).Build();
        try
        {
            await using NpgsqlConnection connection = await source.OpenConnectionAsync(stop);
            await using var query = new NpgsqlCommand("select repeat('x', 10000)", connection);
            while (true)
                await query.ExecuteScalarAsync(stop);
        }
        finally
        {
            await source.DisposeWithTunnelAsync();
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
