using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Cli;

/// <summary>ssh's <c>-O</c>: tells the master of a shared connection what to do.</summary>
[SupportedOSPlatform("linux")]
internal static class ControlCommand
{
    /// <summary>Runs it.</summary>
    /// <exception cref="MuxException">There is no master, or it said no.</exception>
    public static async Task<int> RunAsync(SshCommandLine line, HostConfig config, CancellationToken cancellationToken)
    {
        using MuxClient master = await MuxClient.ConnectAsync(config.ControlPath!, cancellationToken);
        switch (line.ControlWord)
        {
            case "check":
                int pid = await master.CheckAsync(cancellationToken);
                await StandardError.Writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Master running (pid={pid})"));
                break;
            case "forward":
                foreach (MuxForward forward in Forwards(config))
                {
                    // Alone on standard output, for scripts.
                    if (await master.ForwardAsync(forward, cancellationToken) is { } port)
                        await Console.Out.WriteLineAsync(port.ToString(CultureInfo.InvariantCulture));
                }

                break;
            case "cancel":
                foreach (MuxForward forward in Forwards(config))
                    await master.CancelForwardAsync(forward, cancellationToken);
                break;
            case "exit":
                await master.ExitAsync(cancellationToken);
                await TellAsync(config, "Exit request sent.");
                break;
            case "stop":
                await master.StopListeningAsync(cancellationToken);
                await TellAsync(config, "Stop listening request sent.");
                break;
            case "conninfo":
                await Console.Out.WriteAsync(await master.DescribeConnectionAsync(cancellationToken));
                break;
            case "channels":
                await Console.Out.WriteAsync(await master.DescribeChannelsAsync(cancellationToken));
                break;
            case "proxy":
                return await ProxyAsync(master, cancellationToken);
            default:
                throw new UsageException($"there is no -O {line.ControlWord}");
        }

        return 0;
    }

    /// <summary>The forwards that are configured, as a master is asked for them.</summary>
    public static IEnumerable<MuxForward> Forwards(HostConfig config) =>
    [
        .. config.LocalForwards.Select(static forward => new MuxForward(ForwardKind.Local, forward.Value)),
        .. config.DynamicForwards.Select(static forward => new MuxForward(ForwardKind.Dynamic, forward.Value)),
        .. config.RemoteForwards.Select(static forward => new MuxForward(ForwardKind.Remote, forward.Value)),
    ];

    private static Task TellAsync(HostConfig config, string message) =>
        config.LogLevel is LogVerbosity.Quiet ? Task.CompletedTask : StandardError.Writer.WriteLineAsync(message);

    private static async Task<int> ProxyAsync(MuxClient master, CancellationToken cancellationToken)
    {
        await using Duplex far = await master.OpenProxyAsync(cancellationToken);
        await using Duplex near = StandardStreams.Open();
        RelayResult result = await new DuplexRelay(near, far).RunAsync(cancellationToken);
        return result.End is RelayEnd.Completed ? 0 : 255;
    }
}
