using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>Who can make use of a tunnel, by where it listens.</summary>
internal static class Reach
{
    internal const string ThisMachine = "every program and user of this machine";
    internal const string TheServer = "whoever reaches its port at the server";
    internal const string Nobody = "nobody";

    /// <summary>In words.</summary>
    public static string Of(IReadOnlyList<ListeningSocket> tcp, IReadOnlyList<ListeningUnixSocket> unix, bool hasRemoteForwards)
    {
        var users = new List<string>();
        if (tcp.Count > 0)
            users.Add(ThisMachine);
        if (tcp.Any(static socket => !socket.IsLoopback))
            users.Add("other machines");
        if (unix.Count > 0)
            users.Add($"who may write to {string.Join(", ", unix.Select(static socket => Printable.Text(socket.Path)))}");
        if (hasRemoteForwards)
            users.Add(TheServer);
        return users.Count == 0 ? "nobody at this moment: it listens nowhere on this machine" : string.Join("; ", users);
    }
}
