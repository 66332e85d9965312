namespace Adit.Cli;

/// <summary>What --help and -V print; the help fits a screen of 80 by 24.</summary>
internal static class HelpText
{
    internal const string Text =
        """
        usage: adit [ssh] -N [options] [user@]host | ssh://[user@]host[:port]

        Opens a secure tunnel, as ssh -N -L does. ~/.ssh/config and known_hosts hold.
        Example: adit -NL 5432:localhost:5432 joe@db.example.com

          -L [address:]port:host:port   listen here, connect from the server; the ends
                                        may be sockets (/path); port 0 finds a free one
          -N             no shell and no command (sessions are not served yet)
          -p PORT        the server's port        -l USER        the user there
          -i FILE        a private key to try     -b ADDRESS     connect from here
          -F FILE|none   configuration to read    -o KEY=VALUE   any word of ssh_config
          -c CIPHERS     ciphers to offer         -m MACS        MACs to offer
          -g             listen on all addresses  -4, -6         IPv4 or IPv6 only
          -v, -vv, -vvv  say more                 -q             say nothing
          -E FILE        write messages there
          -V, --version  print the version        -h, --help     print this

        -a, -k, -n, -T, -x change nothing; other options of ssh are refused.
        Exit code: 255 for a failure of the connection or a wrong usage.
        """;

    /// <summary>What -V prints.</summary>
    internal static string Version => $"adit {typeof(HelpText).Assembly.GetName().Version?.ToString(3)}";
}
