namespace Adit.Cli;

/// <summary>What <c>--help</c> and <c>-V</c> print.</summary>
internal static class HelpText
{
    public const string Ssh = """
        Usage: adit -N [options] [user@]host        (the same: adit ssh -N ...)

        Opens secure tunnels to databases and other TCP services through an SSH server,
        and leaves none behind. Reads ~/.ssh/config, known_hosts, keys and the agent as ssh does.

          -L [bind:]port:host:port  forward a local port (or socket) to a target that the server reaches;
                                    port 0 picks a free port and prints it
          -N                        no shell: tunnels only (needed in this version)
          -p port   -l user         port and user of the server
          -i file                   private key to try
          -F file                   read this configuration alone ("none": no file)
          -o Keyword=value          any keyword of ssh_config
          -c list   -m list         ciphers, MACs
          -b address  -4  -6        connect from this address, over IPv4 only, over IPv6 only
          -g                        let other machines use local forwards
          -v  -q  -E file           say more, say less, say it to a file
          -V  --help                version, this page
          -a -k -n -T -x -C -y      taken as ssh takes them; they change nothing for a tunnel

        Examples:
          adit -N -L 63333:localhost:5432 joe@foo.com
          adit -N -L 0:db.internal:5432 -o ExitOnForwardFailure=yes bastion

        Exit status: 255 when the connection cannot be made or is lost, as ssh's.

        """;

    public static string Version => $"adit {typeof(HelpText).Assembly.GetName().Version?.ToString(3)}";
}
