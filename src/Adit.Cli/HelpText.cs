namespace Adit.Cli;

/// <summary>What --help and -V print; the help fits a screen of 80 by 24.</summary>
internal static class HelpText
{
    internal const string Text =
        """
        usage: adit [ssh] [options] [user@]host|ssh://[user@]host[:port] [command]

        Opens a secure tunnel, as ssh does. ~/.ssh/config and known_hosts hold.
        Example: adit -NL 5432:localhost:5432 joe@db.example.com

          -L [address:]port:host:port   listen here, connect from the server; the ends
                                        may be sockets (/path); port 0 finds a free one
          -R [address:]port:host:port   listen there, connect from here
          -D [address:]port             SOCKS here; -R [address:]port is SOCKS there
          -N             no shell, no command     -W host:port   join input and output
          -f             to the background        -J HOST,...    go by way of these
          -p PORT        the server's port        -l USER        the user there
          -i FILE        a private key to try     -b ADDRESS     connect from here
          -F FILE|none   configuration to read    -o KEY=VALUE   word of ssh_config
          -t, -T         a terminal, or none      -s             run a subsystem
          -M, -S PATH    share the connection     -O WORD        tell its master
          -c, -m LIST    ciphers, MACs to offer   -Q LIST        print algorithms
          -g             listen on all addresses  -4, -6         IPv4 or IPv6 only
          --target-tls MODE   TLS to the target   --via-tls, --proxy  before the server
          -v, -q         say more, say nothing    -E FILE        write messages there
          -G, -V, -h     print the host's settings, the version, this; the rest is ssh's
        adit run, psql   a tunnel for one command, and no one else (adit run --help)
        adit gateway     the far end; adit demo: both ends; adit tls, cert: as stunnel
        """;

    internal const string Run =
        """
        usage: adit run [options] DESTINATION [-L [PORT:]HOST:PORT]... [--] COMMAND...
               adit psql [options] DESTINATION [arguments of psql]

        Opens a tunnel, runs the command here, and closes the tunnel when it ends.
        Only the command and its descendants may use it. Without -L it leads to
        localhost:5432 on the destination; with -L HOST:PORT the port here is free.
        Example: adit run joe@db.example.com -- pg_dump shop
                 adit psql -L db.internal:5432 joe@bastion -d shop

        The command finds it by PGHOST, PGPORT (5432); MYSQL_HOST, MYSQL_TCP_PORT
        (3306); REDIS_URL (6379); always ADIT_HOST, ADIT_PORT, ADIT_PORT_1, _2...;
        {host}, {port}, {port1}, {port2}... in its arguments are replaced.

          --expect postgres|none   whether PostgreSQL has to answer at the target;
                                   by default where its port is 5432
          --expect-cert sha256:X   and show this certificate
          --lifetime, --idle-timeout TIME, --owner PID   end the tunnel, and the run
        All options of ssh hold, except -f, -M, -O, -S, -s, -t, -W.
        Exit code: the command's, 128 and the number of a signal; 127 and 126 as a
        shell's; 255 where the tunnel cannot be opened or is lost for good.
        """;

    internal const string Demo =
        """
        usage: adit demo [--keep]

        Starts a gateway, a target (a private PostgreSQL where it is installed, else a
        small HTTP server) and a tunnel to it, in one process and on loopback. Runs a
        query through it, measures it for a second, prints the legs and what the
        gateway's audit saw, and leaves nothing behind.

          --keep         leave it open until Ctrl-C, and print commands to try
        """;

    internal const string Gateway =
        """
        usage: adit gateway -f FILE [options]

        A tunnel-only SSH server with the words of sshd_config: it forwards, decides
        who may reach what, and records what happened. Users need no accounts, and
        with AditTlsListen no SSH: a TLS certificate says who they are.
        Make a host key with: ssh-keygen -t ed25519 -N '' -f host_key

          -f FILE        the configuration        -t   check it and end
          -o KEY=VALUE   any word of it           -T   print what holds and end
          -p PORT        the port                 -C user=NAME,addr=ADDRESS,lport=PORT,...
          -h FILE        a host key                    for this connection
          -E FILE        append the log there     -i   one connection on standard input
          -d             log everything           -q   log failures only
          --hash         read a password, print it as AditUsersFile has it
          -D             stay in the foreground with -E; without -E it always does

        SIGHUP reads the configuration again; its rules hold at once. SIGTERM takes
        no more connections and waits up to 10 s for those there are; a second one
        ends them. Exit code: 255 for a wrong usage or configuration, or a port that
        is taken.
        """;

    internal const string Tls =
        """
        usage: adit tls FILE          serve what a configuration file of stunnel says
               adit tls --check FILE  read it and all files that it names, and end
               adit tls --options     what becomes of each option of stunnel
               adit stunnel FILE | OPTIONS of stunnel 3

        TLS for programs that do not speak it. FILE may be - or -fd N. A client has to
        say how it knows its server, or AditInsecure = yes.

          [pg]                            [pg]
          accept = 9000                   client = yes
          cert = server.pem               accept = 5432
          connect = localhost:5432        connect = db.example.com:9000
                                          verifyChain = yes
                                          CAfile = ca.pem
                                          checkHost = db.example.com

        It goes to the background unless the file says foreground = yes; --foreground
        keeps it. stunnel 3's way: adit stunnel -c -d 5432 -r HOST:9000 -v 2 -A ca.pem.
        SIGHUP reads all of it again, SIGUSR1 opens the log again, SIGUSR2 lists the
        connections; SIGTERM, SIGINT and SIGQUIT end it. Without a [section] the one
        connection is standard input and output, as inetd has it. Exit code: 255 for a
        wrong usage, a file that cannot be used, or a port that is taken.
        """;

    internal const string Completion =
        """
        usage: adit completion bash|zsh|fish

        Prints a script by which the shell completes adit's words with the Tab key:
        commands, options and their values, hosts of ~/.ssh/config and known_hosts,
        running tunnels, files. Nothing is connected to or changed by that.

          bash   source <(adit completion bash)       in ~/.bashrc
          zsh    source <(adit completion zsh)        in ~/.zshrc, behind compinit
          fish   adit completion fish | source        in ~/.config/fish/config.fish
        """;

    /// <summary>What -V prints.</summary>
    internal static string Version => $"adit {typeof(HelpText).Assembly.GetName().Version?.ToString(3)}";
}
