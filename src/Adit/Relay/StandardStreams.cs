using System.IO.Pipelines;

namespace Adit.Relay;

/// <summary>Standard input and output of this process as one stream.</summary>
public static class StandardStreams
{
    /// <summary>
    /// Opens them. Once per process: the reading of standard input cannot be interrupted, so it goes on until the input ends, or the process.
    /// </summary>
    public static Duplex Open()
    {
        var input = new Pipe();
        _ = ReadAsync(Console.OpenStandardInput(), input.Writer);
        return new StreamDuplex(input.Reader.AsStream(), Console.OpenStandardOutput());
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
