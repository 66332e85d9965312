using System.ComponentModel;
using System.Diagnostics;

namespace Adit.Relay;

/// <summary>Has a program serve the connection by its standard input and output. Its standard error is this process's. It ends with the connection.</summary>
/// <param name="path">The program.</param>
/// <param name="arguments">Its arguments, without its own name.</param>
/// <param name="environment">What it finds in its environment besides, or no longer where null, by who began the connection.</param>
internal sealed class ProgramDialer(
    string path, IReadOnlyList<string> arguments, Func<ConnectionOrigin, IEnumerable<KeyValuePair<string, string?>>> environment) : IDialer
{
    /// <inheritdoc/>
    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(path, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string? value) in environment(origin))
        {
            if (value is null)
                start.Environment.Remove(name);
            else
                start.Environment[name] = value;
        }

        try
        {
            Process process = Process.Start(start) ?? throw new InvalidOperationException("it did not start");
            return new(new DialedConnection(new ProgramDuplex(process), new Route(new Leg(Machine.ThisName, path, LegProtection.None) { Within = Machine.ThisName })));
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw new DialException(target, DialFailure.Other, $"the program {path} cannot be run: {e.Message}", e);
        }
    }
}
