using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Sessions;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.OpenSsh;
using Adit.Tests.Shared;

namespace Adit.Tests.Sessions;

[UnsupportedOSPlatform("windows")]
public class TerminalSettingsTests
{
    [Theory]
    [InlineData("sane")]
    [InlineData("raw")]
    [InlineData("sane intr ^G -echo ixany -ixon olcuc 9600 erase undef")]
    [InlineData("sane 230400 -iutf8 noflsh tostop onlret ignpar parmrk inpck istrip inlcr igncr")]
    public async Task Modes_kind_and_size_are_what_ssh_tells_of_the_same_terminal(string settings)
    {
        using var terminal = new PseudoTerminal();
        terminal.Stty([.. settings.Split(' '), "cols", "97", "rows", "31"]);
        TerminalSettings own = TerminalDevice.Settings(terminal.Near)!;

        PtyRequest told = await AskedBySshAsync(terminal);

        Assert.Equal(TerminalModes.Read(told.Modes).OrderBy(static mode => mode.Key), own.Modes().OrderBy(static mode => mode.Key));
        Assert.Equal(new((int)told.Columns, (int)told.Rows, 0, 0), TerminalDevice.Size(terminal.Near));
        Assert.Equal((97u, 31u, "vt100"), (told.Columns, told.Rows, told.Term));
        Assert.Equal(told.Modes.Order(), TerminalModes.Encode(own.Modes()).Order());
    }

    [Fact]
    public void Raw_settings_pass_every_byte_on_and_go_back_whole()
    {
        using var terminal = new PseudoTerminal();
        TerminalSettings before = TerminalDevice.Settings(terminal.Near)!;
        Assert.True(TerminalDevice.Apply(terminal.Near, TerminalDevice.When.Drained, before.Raw()));
        string[] raw = terminal.Stty("-a").Split([' ', ';', '\n'], StringSplitOptions.RemoveEmptyEntries);
        foreach (string flag in (string[])["-isig", "-icanon", "-iexten", "-echo", "-echoe", "-echok", "-icrnl", "-ixon", "-ixoff", "-ixany", "-istrip", "-opost", "ignpar"])
            Assert.Contains(flag, raw);
        Assert.True(TerminalDevice.Apply(terminal.Near, TerminalDevice.When.Drained, before));
        Assert.Equal(before.Termios, TerminalDevice.Settings(terminal.Near)!.Termios);
    }

    [Fact]
    public void Without_echo_nothing_else_changes()
    {
        using var terminal = new PseudoTerminal();
        TerminalSettings before = TerminalDevice.Settings(terminal.Near)!;
        string shown = terminal.Stty("-a");
        TerminalDevice.Apply(terminal.Near, TerminalDevice.When.Flushed, before.WithoutEcho());
        Assert.Equal(shown.Replace(" echo ", " -echo ", StringComparison.Ordinal), terminal.Stty("-a"));
    }

    [Fact]
    public void What_is_no_terminal_has_neither_settings_nor_size()
    {
        using var file = File.OpenHandle("/dev/null");
        Assert.Null(TerminalDevice.Settings(file));
        Assert.Equal(default, TerminalDevice.Size(file));
    }

    // Real ssh on the terminal, against a server of this engine.
    private static async Task<PtyRequest> AskedBySshAsync(PseudoTerminal terminal)
    {
        using var folder = new TemporaryFolder();
        string key = Path.Combine(folder.Path, "key");
        using (Process made = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]))
            await made.WaitForExitAsync().TestTime();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("sh", ["-c", $"exec ssh -F none -tt -i {key} -p {port} -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null joe@127.0.0.1 <{terminal.Path}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["TERM"] = "vt100";
        start.Environment.Remove("SSH_AUTH_SOCK");
        using Process ssh = Process.Start(start)!;
        try
        {
            await using SessionServer server = await SessionServer.AcceptAsync(new NetworkStream(await listener.AcceptSocketAsync().TestTime(), ownsSocket: true));
            await server.SessionAsync();
            IncomingRequest request = await server.RequestAsync();
            Assert.Equal("pty-req", request.Name);
            return PtyRequest.Read(request.Fields.Span);
        }
        finally
        {
            ssh.Kill();
            await ssh.WaitForExitAsync().TestTime();
        }
    }
}
