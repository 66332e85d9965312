using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Adit.OpenSsh;

/// <summary>What a configuration asks this machine. Each can be replaced.</summary>
internal sealed record LocalMachine
{
    /// <summary>This machine itself.</summary>
    internal static LocalMachine Current { get; } = new();

    /// <summary>Finds a name in the system's directories: the canonical name, perhaps the same, or null where the name is unknown.</summary>
    internal Func<string, AddressFamily, string?> CanonicalName { get; init; } = FindCanonicalName;

    /// <summary>The addresses of the interfaces that are up.</summary>
    internal Func<IEnumerable<IPAddress>> Addresses { get; init; } = FindAddresses;

    /// <summary>Runs a command by the user's shell; whether it ended with 0.</summary>
    /// <exception cref="FormatException">It could not run, or did not end in time.</exception>
    internal Func<string, bool> Succeeds { get; init; } = ShellCommand.Succeeds;

    private static string? FindCanonicalName(string name, AddressFamily family)
    {
        try
        {
            return Dns.GetHostEntry(name, family).HostName;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static IEnumerable<IPAddress> FindAddresses() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus is not (OperationalStatus.Down or OperationalStatus.NotPresent))
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(address => address.Address);
}
