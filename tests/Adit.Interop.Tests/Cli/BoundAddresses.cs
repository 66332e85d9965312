using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;

namespace Adit.Interop.Tests.Cli;

/// <summary>Forwards of one command that differ in their bind address, and what each is bound to.</summary>
internal sealed class BoundAddresses
{
    private readonly (string Bind, string Addresses, int Port)[] _rows;

    /// <param name="rows">Bind addresses as they are written before the port, with their colon, and what they stand for.</param>
    public BoundAddresses(params (string Bind, string Addresses)[] rows) =>
        _rows = [.. rows.Select(static row => (row.Bind, OfThisMachine(row.Addresses), LoopbackPort.Free()))];

    /// <summary>The options that ask for them.</summary>
    public string[] Options(string option, string target) =>
        [.. _rows.SelectMany(row => (string[])[option, string.Create(CultureInfo.InvariantCulture, $"{row.Bind}{row.Port}:{target}")])];

    /// <summary>Waits for all of them, and expects exactly the addresses of each, and an echo behind one of them.</summary>
    public async Task AssertAsync(ChildProcess client)
    {
        await Patience.UntilAsync(() => client.HasExited || _rows.All(static row => LoopbackPort.IsListening(row.Port)), "all forwards should listen", () => client.Log);
        // Of several addresses one comes after the other.
        await Patience.UntilAsync(
            () => client.HasExited || _rows.All(static row => LoopbackPort.Listeners(row.Port).Count >= row.Addresses.Split(' ').Length), "all should listen", () => Now() + client.Log);
        Assert.Equal(string.Join('\n', _rows.Select(static row => $"{row.Bind} is {row.Addresses}")), Now());
        foreach (var (_, _, port) in _rows)
            await Bulk.EchoAsync(new IPEndPoint(Reachable(LoopbackPort.Listeners(port)[0]), port));
    }

    private static string OfThisMachine(string addresses) =>
        string.Join(' ', addresses.Split(' ').Where(static address => Socket.OSSupportsIPv6 || !address.Contains(':', StringComparison.Ordinal)));

    private string Now() => string.Join('\n', _rows.Select(static row =>
        $"{row.Bind} is {string.Join(' ', LoopbackPort.Listeners(row.Port).Select(static address => address.ToString()).Order(StringComparer.Ordinal))}"));

    private static IPAddress Reachable(IPAddress bound) =>
        bound.Equals(IPAddress.Any) ? IPAddress.Loopback : bound.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : bound;
}
