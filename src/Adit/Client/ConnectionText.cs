using System.Globalization;
using System.Text;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Sessions;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Wording;

namespace Adit.Client;

/// <summary>What a tunnel's connection and channels are, in ssh's words: for <c>~#</c>, <c>~I</c> and <c>-O conninfo|channels</c>.</summary>
internal static class ConnectionText
{
    /// <summary>The channels that are open, those of local forwards with where they came in.</summary>
    public static IReadOnlyList<OpenConnection> Channels(Tunnel tunnel)
    {
        if (tunnel.Link is not { } link)
            return [];
        var forwarded = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ForwardedConnection connection in tunnel.Forwards.SelectMany(static forward => forward.Connections))
        {
            if (connection.Target is { } target)
            {
                string type = target.IsUnix ? DirectStreamLocal.ChannelType : DirectTcpip.ChannelType;
                forwarded[connection.Origin.ToString()] = OpenConnection.NameOfForwarded(type, connection.LocalEndpoint, target, connection.Origin);
            }
        }

        return
        [
            .. link.Connection.Channels().Select(status => new OpenConnection(
                status,
                status.Description is { } origin ? forwarded.GetValueOrDefault(origin, $"{status.Type}: connect from {origin}")
                : status.Type is SessionStart.ChannelType ? "client-session"
                : status.Type)),
        ];
    }

    /// <summary>What was agreed with the server, one thing a line.</summary>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="config">Where it leads.</param>
    /// <param name="newLine">What ends a line.</param>
    public static string Connection(Tunnel tunnel, HostConfig config, string newLine)
    {
        var text = new StringBuilder();
        void Line(string line) => text.Append(Printable.Text(line)).Append(newLine);
        Line(string.Create(CultureInfo.InvariantCulture, $"Connection to {config.HostName} port {config.Port}, user {config.User}, pid {Environment.ProcessId}"));
        if (tunnel.Link is not { } link)
        {
            Line("  down at the moment");
            return text.ToString();
        }

        ConnectionInfo info = link.Connection.Info;
        Line($"  kexalgorithm {info.Kex}");
        Line($"  hostkeyalgorithm {info.HostKeyAlgorithm}");
        Line($"  cipher {info.CipherToServer}{(info.CipherToServer == info.CipherToClient ? string.Empty : $" to the server, {info.CipherToClient} back")}");
        if (info.MacToServer is { } mac)
            Line($"  mac {mac}");
        Line($"  server {info.PeerIdentification}");
        Line($"  host key {info.HostKey.ShortName} {KeyFingerprint.Text(info.HostKey, config.FingerprintHash)}");
        foreach (Leg leg in link.Route.Legs)
            Line($"  {new Route(leg)}");
        Line(string.Create(CultureInfo.InvariantCulture, $"  {link.Connection.KeyExchanges} key exchanges, {link.Connection.ChannelCount} channels"));
        return text.ToString();
    }
}
