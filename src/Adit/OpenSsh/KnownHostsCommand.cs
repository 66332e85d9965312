using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Adit.Relay;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>What a KnownHostsCommand is asked, for the tokens of its arguments: ssh_config(5), TOKENS.</summary>
/// <param name="Reason">%I: <see cref="Order"/>, <see cref="HostName"/> or <see cref="Address"/>.</param>
/// <param name="Name">%H: the name or address that is looked for, as known_hosts writes it.</param>
/// <param name="Key">The host's key or certificate; null while it has presented none.</param>
/// <param name="FingerprintHash">How its fingerprint is given.</param>
internal sealed record KnownHostsQuestion(string Reason, string Name, SshPublicKey? Key, FingerprintHash FingerprintHash = default)
{
    /// <summary>Which algorithms should be offered first?</summary>
    public const string Order = "ORDER";

    /// <summary>What is known of the host's name?</summary>
    public const string HostName = "HOSTNAME";

    /// <summary>What is known of the host's address?</summary>
    public const string Address = "ADDRESS";

    private const string NoKey = "NONE";

    /// <summary>The value of a token that belongs to the question; null for another token.</summary>
    public string? Token(char token) => token switch
    {
        'I' => Reason,
        'H' => Name,
        't' => Key?.KeyType ?? NoKey,
        'f' => Key is null ? NoKey : KeyFingerprint.Text(Key, FingerprintHash),
        'K' => Key is null ? NoKey : Convert.ToBase64String(Key.Blob.Span),
        _ => null,
    };
}

/// <summary>A program that knows hosts beside the files: ssh_config(5), KnownHostsCommand.</summary>
/// <param name="arguments">The program, by its whole path, and its arguments for a question, with their tokens replaced.</param>
internal sealed class KnownHostsCommand(Func<KnownHostsQuestion, IReadOnlyList<string>> arguments)
{
    private const string Keyword = "KnownHostsCommand";

    /// <summary>How long it may take until it has ended: 30 seconds by default.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Asks the program, and gives the known hosts with its answer behind them.</summary>
    /// <param name="known">What the files say.</param>
    /// <param name="question">The question.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <exception cref="IOException">It could not be run, failed, took too long or wrote too much. Nobody knows then what it knows.</exception>
    public async ValueTask<KnownHosts> AddToAsync(KnownHosts known, KnownHostsQuestion question, CancellationToken cancellationToken)
    {
        using MemoryStream output = await RunAsync(arguments(question), cancellationToken).ConfigureAwait(false);
        return known.With(output.GetBuffer().AsSpan(0, (int)output.Length), $"{Keyword}-{question.Reason}");
    }

    private async Task<MemoryStream> RunAsync(IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        if (words is not [var program, ..] || !Path.IsPathRooted(program))
            throw new IOException($"{Keyword} needs a program by its whole path, such as /usr/local/bin/known-hosts");
        using Process process = Start(program, words);
        using Deadline deadline = new(Timeout, Time, cancellationToken);
        try
        {
            process.StandardInput.Close();
            MemoryStream output = await ReadAsync(process.StandardOutput.BaseStream, deadline.Token).ConfigureAwait(false);
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            return process.ExitCode == 0
                ? output
                : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{Keyword} {program} failed: its exit status is {process.ExitCode}"));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{Keyword} {program} did not end within {Timeout.TotalSeconds:0.###} s"), e);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    // Its errors go where ours go, as with ssh.
    private static Process Start(string program, IReadOnlyList<string> words)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, words.Skip(1)) 
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw new IOException($"{Keyword} {program} cannot be run: {e.Message}", e);
        }
    }

    private static async Task<MemoryStream> ReadAsync(Stream source, CancellationToken cancellationToken)
    {
        var output = new MemoryStream();
        byte[] block = new byte[16 * 1024];
        while (await source.ReadAsync(block, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            if (output.Length + read > KnownHosts.MaxFileLength)
                throw new IOException($"{Keyword} wrote more than {KnownHosts.MaxFileLength} bytes");
            output.Write(block, 0, read);
        }

        return output;
    }
}
