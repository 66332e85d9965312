namespace Adit.OpenSsh;

/// <summary>
/// Which names of hosts and users may come from a command line. They end up in the commands of Match exec, ProxyCommand and LocalCommand by
/// tokens, where a shell reads them; who gives them need not be who wrote the configuration.
/// </summary>
internal static class DestinationName
{
    private const string NeverInHost = "'`\"$\\;&<>|(){},";
    private const string NeverInUser = "'`\";&<>|(){}";

    /// <summary>Whether a shell would take the host for a mere word.</summary>
    internal static bool IsHost(string host) =>
        host.Length > 0 && host[0] != '-' && !host.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || NeverInHost.Contains(c, StringComparison.Ordinal));

    /// <summary>Whether a shell would take the user for mere words, none of them an option.</summary>
    internal static bool IsUser(string user) =>
        user.Length > 0 && user[0] != '-' && user[^1] != '\\'
        && !user.Any(c => char.IsControl(c) || NeverInUser.Contains(c, StringComparison.Ordinal))
        && !user.Where((c, at) => c == '-' && char.IsWhiteSpace(user[at - 1])).Any();
}
