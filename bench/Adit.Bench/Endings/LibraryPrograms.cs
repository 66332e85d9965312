using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.OpenSsh;
using Npgsql;

namespace Adit.Bench.Endings;

/// <summary>Programs that use the library, and go on until they are killed.</summary>
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
        await (arguments[2] is "npgsql" ? QueryAsync(options, arguments[3]) : ForwardAsync(options, Number(arguments[3]), Number(arguments[4])));
    }

    private static async Task ForwardAsync(SshTunnelOptions options, int port, int target)
    {
        await using SshTunnel tunnel = await SshTunnel.OpenAsync("127.0.0.1", options);
        await using TunnelListener listener = await tunnel.ForwardAsync("127.0.0.1", target, new() { Port = port });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, listener.Port);
        byte[] block = new byte[4096];
        do
        {
            await socket.SendAsync(block);
        }
        while (await socket.ReceiveAsync(block) > 0);
    }

    private static async Task QueryAsync(SshTunnelOptions options, string connectionString)
    {
        NpgsqlDataSource source = new NpgsqlDataSourceBuilder(connectionString).UseAdit("127.0.0.1", options).Build();
        try
        {
            await using NpgsqlConnection connection = await source.OpenConnectionAsync();
            await using var query = new NpgsqlCommand("select repeat('x', 10000)", connection);
            while (true)
                await query.ExecuteScalarAsync();
        }
        finally
        {
            await source.DisposeWithTunnelAsync();
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
