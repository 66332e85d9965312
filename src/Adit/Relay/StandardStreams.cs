using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>Standard input and output of this process as one stream.</summary>
internal static class StandardStreams
{
    /// <summary>
    /// Opens them. Once per process: the reading of standard input cannot be interrupted, so it goes on until the input ends, or the process.
    /// </summary>
    public static Duplex Open()
    {
        var input = new Pipe();
        _ = ReadAsync(Console.OpenStandardInput(), input.Writer);
        Stream output = OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new StandardOutput();
        return new StreamDuplex(input.Reader.AsStream(), output, CompleteAsync, Abort, input.Reader.CancelPendingRead);

        // To dispose a pipe's stream does not end a read that waits.
        void Abort()
        {
            input.Reader.CancelPendingRead();
            output.Dispose();
        }

        async ValueTask CompleteAsync(CancellationToken cancellationToken)
        {
            await output.DisposeAsync().ConfigureAwait(false);

            if (!OperatingSystem.IsWindows())
                StandardDescriptors.LeadNowhere(StandardDescriptors.Output);
        }
    }

    /// <summary>As <see cref="Open"/>, with both ends of the connection that standard input is; UNKNOWN port 65535, as with sshd, where it is none.</summary>
    public static (Duplex Stream, ConnectionOrigin Origin, Endpoint Local) OpenConnection()
    {
        const int unknownPort = 65535;
        try
        {
            using var socket = new Socket(new SafeSocketHandle(0, ownsHandle: false));
            if (socket is { RemoteEndPoint: IPEndPoint remote, LocalEndPoint: IPEndPoint local })
                return (Open(), ConnectionOrigin.From(remote), Endpoint.Tcp(local));
        }
        catch (SocketException)
        {
            // A pipe, a file, a terminal.
        }

        return (Open(), new("UNKNOWN", unknownPort), Endpoint.Tcp("UNKNOWN", unknownPort));
    }

    private static async Task ReadAsync(Stream from, PipeWriter to)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Exception? failure = null;
        try
        {
            await from.CopyToAsync(to).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            failure = e;
        }

        await to.CompleteAsync(failure).ConfigureAwait(false);
    }
}
