using System.ComponentModel;
using System.Diagnostics;

namespace Adit.Relay;

/// <summary>
/// Has a command make the connection, and speaks over its standard input and output (ssh_config(5) ProxyCommand). The command's standard
/// error is this process's. The command ends with the connection.
/// </summary>
/// <param name="command">The command, run by the user's shell.</param>
internal sealed class CommandDialer(string command) : IDialer
{
    private const string FallbackShell = "/bin/sh";

    /// <inheritdoc/>
    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        string shell = Environment.GetEnvironmentVariable("SHELL") is { Length: > 0 } configured ? configured : FallbackShell;
        var start = new ProcessStartInfo(shell, ["-c", "exec " + command])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        try
        {
            Process process = Process.Start(start) ?? throw new InvalidOperationException("it did not start");
            var leg = new Leg(Machine.ThisName, target.ToString(), LegProtection.None);
            return new(new DialedConnection(new ProgramDuplex(process), new Route(leg)));
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw new DialException(target, DialFailure.Other, $"the command \"{command}\" cannot be run by {shell}: {e.Message}", e);
        }
    }
}
