using System.Globalization;
using System.Text;
using Adit.Relay;
using Adit.Ssh.Connection;
using Adit.Wording;

namespace Adit.Sessions;

/// <summary>A channel that is open, as <c>~#</c> lists it.</summary>
/// <param name="Status">The channel.</param>
/// <param name="Name">What it carries in people's words; see <see cref="NameOfForwarded"/>.</param>
internal sealed record OpenConnection(ChannelStatus Status, string Name)
{
    // ssh's numbers of a channel that is being opened and of one that is open.
    private const int OpeningType = 3;
    private const int OpenType = 4;

    /// <summary>The name that ssh gives to a connection that came in at a local forward.</summary>
    /// <param name="channelType">The channel's type, such as <c>direct-tcpip</c>.</param>
    /// <param name="listen">Where it came in.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="origin">Where it comes from on this machine.</param>
    public static string NameOfForwarded(string channelType, Endpoint listen, Endpoint target, ConnectionOrigin origin)
    {
        string at = listen.IsUnix ? $"path {listen.Path}" : string.Create(CultureInfo.InvariantCulture, $"port {listen.Port}");
        string to = target.IsUnix ? $"path {target.Path}" : string.Create(CultureInfo.InvariantCulture, $"{target.Host} port {target.Port}");
        string local = listen.IsUnix ? $"path {listen.Path}" : string.Create(CultureInfo.InvariantCulture, $"{listen.Host} port {listen.Port}");
        return string.Create(CultureInfo.InvariantCulture, $"{channelType}: listening {at} for {to}, connect from {origin.Address} port {origin.Port} to {local}");
    }

    /// <summary>The list of <c>~#</c>, each line ending with CR LF, in the order of the channels' numbers.</summary>
    public static string List(IEnumerable<OpenConnection> connections)
    {
        var list = new StringBuilder("The following connections are open:\r\n");
        foreach (OpenConnection connection in connections.OrderBy(static connection => connection.Status.Number))
            list.Append(connection).Append("\r\n");
        return list.ToString();
    }

    /// <summary>
    /// As ssh writes it: number, name, then t(ype) [channel type], r(emote number), i(nput state)/bytes that wait to be sent, o(utput
    /// state)/bytes received that wait to be written.
    /// </summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"  #{Status.Number} {Printable.Text(Name)} (t{(Status.RemoteNumber is null ? OpeningType : OpenType)} [{Status.Type}] {(Status.RemoteNumber is { } remote ? $"r{remote}" : "nr0")} i{(Status.OutputEnded ? 3 : 0)}/{Status.Unsent} o{(Status.InputEnded ? 3 : 0)}/{Status.Unread})");
}
