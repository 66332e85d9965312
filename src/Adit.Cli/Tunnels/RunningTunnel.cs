using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;
using Adit.Client;
using Adit.Mux;

namespace Adit.Cli.Tunnels;

/// <summary>A tunnel of this user in another process, by its control socket.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="Report">What it is and does.</param>
[SupportedOSPlatform("linux")]
internal sealed record RunningTunnel(string Socket, TunnelReport Report)
{
    // One that does not answer must not keep the others from being shown.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>All that there are, the oldest first.</summary>
    /// <param name="silent">Told of those that do not answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<RunningTunnel>> FindAllAsync(Action<string> silent, CancellationToken cancellationToken)
    {
        RunningTunnel?[] found = await Task.WhenAll(TunnelFolder.Sockets().Select(socket => AskAsync(socket, silent, cancellationToken)));
        return [.. found.OfType<RunningTunnel>().OrderBy(static tunnel => tunnel.Report.Since)];
    }

    /// <summary>The one that is meant by the number of its process or its destination.</summary>
    /// <exception cref="UsageException">There is none, or more than one.</exception>
    public static async Task<RunningTunnel> FindAsync(string which, CancellationToken cancellationToken)
    {
        RunningTunnel[] fitting = [.. (await FindAllAsync(static _ => { }, cancellationToken)).Where(tunnel => tunnel.Is(which))];
        return fitting switch
        {
            [var one] => one,
            [] => throw new UsageException($"there is no tunnel {which}; adit ls shows those that there are"),
            _ => throw new UsageException($"{fitting.Length} tunnels lead to {which}; say which by its number: {string.Join(", ", fitting.Select(static tunnel => tunnel.Report.Pid))}"),
        };
    }

    /// <summary>Whether this text means it.</summary>
    public bool Is(string which) => Report.Destination == which || Report.Pid.ToString(CultureInfo.InvariantCulture) == which;

    private static async Task<RunningTunnel?> AskAsync(string socket, Action<string> silent, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using MuxClient master = await MuxClient.ConnectAsync(socket, limit.Token);
            string text = await master.DescribeTunnelAsync(limit.Token);
            return JsonSerializer.Deserialize(text, TunnelReportJson.Default.TunnelReport) is { } report ? new(socket, report) : null;
        }
        catch (Exception e) when (e is MuxException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            silent($"{socket}: {(e is OperationCanceledException ? "no answer" : e.Message)}");
            return null;
        }
    }
}
