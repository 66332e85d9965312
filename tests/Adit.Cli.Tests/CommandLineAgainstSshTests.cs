using System.Diagnostics;
using Adit.OpenSsh;

namespace Adit.Cli.Tests;

/// <summary>Compares what a command line configures with what <c>ssh -G</c> prints for the same one.</summary>
public sealed class CommandLineAgainstSshTests
{
    private static readonly string[] Compared =
    [
        "host", "user", "hostname", "port", "addressfamily", "bindaddress", "bindinterface", "controlmaster", "controlpath", "clearallforwardings",
        "exitonforwardfailure", "gatewayports", "requesttty", "sessiontype", "stdinnull", "forkafterauthentication", "loglevel", "dynamicforward",
        "localforward", "remoteforward", "escapechar", "proxyjump", "proxycommand", "remotecommand", "connecttimeout", "batchmode", "updatehostkeys",
    ];

    [Theory]
    [InlineData("root@192.0.2.1 -vNL 58070:localhost:5432 -p 22 -o ExitOnForwardFailure=yes -o ConnectTimeout=30")]
    [InlineData("-46 h")]
    [InlineData("-64 -b 127.0.0.1 -b 127.0.0.2 h")]
    [InlineData("-oBindAddress=127.0.0.1 -b 127.0.0.2 h")]
    [InlineData("-b 127.0.0.2 -oBindAddress=127.0.0.1 h")]
    [InlineData("-p 1 -p 2 -oPort=3 h")]
    [InlineData("-oPort=3 -p 1 ssh://h:4")]
    [InlineData("-l a b@h")]
    [InlineData("b@h -l a -o User=c")]
    [InlineData("ssh://u@h:22")]
    [InlineData("-t h")]
    [InlineData("-tt h")]
    [InlineData("-tT h")]
    [InlineData("-Ttt h")]
    [InlineData("-oRequestTTY=force -N h")]
    [InlineData("-N -oRequestTTY=force h")]
    [InlineData("-M h")]
    [InlineData("-MM -S /s -S /t h")]
    [InlineData("-oControlMaster=auto -M h")]
    [InlineData("-f h uptime")]
    [InlineData("-nf -N h")]
    [InlineData("-g -L 1:a:2 -L *:3:b:4 h")]
    [InlineData("-R 1:a:2 -R 0:b:3 -R 8080 -R [::1]:8081 -R /a:/b -R /a:c:1 h")]
    [InlineData("-D 1080 -D localhost:1081 h")]
    [InlineData("-W a:1 -L 1:a:2 h")]
    [InlineData("-W a:1 -oClearAllForwardings=no -L 1:a:2 h")]
    [InlineData("-W [::1]:1 -t h")]
    [InlineData("-J a h")]
    [InlineData("-J u@a:22,ssh://b,[::1]:3 h")]
    [InlineData("-J none h")]
    [InlineData("-oProxyJump=a -oProxyCommand=b h")]
    [InlineData("-J a -oProxyCommand=b h")]
    [InlineData("-e none h")]
    [InlineData("-e ^b -e x h")]
    [InlineData("-v -q h")]
    [InlineData("-q -v h")]
    [InlineData("-vvvv h")]
    [InlineData("-oLogLevel=ERROR -vv h")]
    [InlineData("-s h sftp")]
    [InlineData("h -T -p 3 uptime -p 4")]
    [InlineData("-oBatchMode=yes -oServerAliveInterval=1 h")]
    public async Task A_command_line_configures_what_it_does_with_ssh(string line)
    {
        string[] args = line.Split(' ');
        LocalUser local = LocalUser.Current();
        IEnumerable<string> ours = EffectiveConfig.Lines(SshCommandLine.Parse(["-G", "-F", "none", .. args]).Resolve(local));
        Assert.Equal(Lines(await AskSsh(["-G", "-F", "none", .. args])), Lines(ours));
    }

    [Theory]
    [InlineData("-N -s h x")]
    [InlineData("-J a -J b h")]
    [InlineData("-J a/b h")]
    [InlineData("-O nonsense h")]
    [InlineData("-W a:1 -O check h")]
    [InlineData("-W a h")]
    [InlineData("-e xy h")]
    [InlineData("-oRemoteCommand=x h y")]
    [InlineData("-p 0 h")]
    [InlineData("-o h")]
    [InlineData("-Z")]
    [InlineData("@h")]
    [InlineData("-oProxyJump=[a h")]
    [InlineData("-R x h")]
    [InlineData("-D a:b h")]
    public async Task What_ssh_refuses_is_refused(string line)
    {
        string[] args = line.Split(' ');
        Assert.ThrowsAny<Exception>(() => SshCommandLine.Parse(["-G", "-F", "none", .. args]).Resolve());
        Assert.Null(await TrySsh(["-G", "-F", "none", .. args]));
    }

    private static string Lines(IEnumerable<string> lines) =>
        string.Join('\n', lines.Where(line => Compared.Contains(line.Split(' ')[0])).Select(Normal));

    /// <summary>ssh prints the other hosts on the way as they were written.</summary>
    private static string Normal(string line) => line.StartsWith("proxyjump", StringComparison.Ordinal) ? line.Replace("ssh://", "", StringComparison.Ordinal) : line;

    private static async Task<IEnumerable<string>> AskSsh(string[] args) =>
        await TrySsh(args) ?? throw new InvalidOperationException($"ssh {string.Join(' ', args)} failed");

    private static async Task<string[]?> TrySsh(string[] args)
    {
        ProcessStartInfo start = new("ssh", args) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process ssh = Process.Start(start)!;
        Task<string> errors = ssh.StandardError.ReadToEndAsync();
        string output = await ssh.StandardOutput.ReadToEndAsync();
        await ssh.WaitForExitAsync();
        await errors;
        return ssh.ExitCode == 0 ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries) : null;
    }
}
