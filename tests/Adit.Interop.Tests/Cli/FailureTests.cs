using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

public sealed class FailureTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Fact]
    public async Task A_port_in_use_ends_with_255_and_names_the_process_that_holds_it()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var port = ((IPEndPoint)holder.LocalEndpoint).Port;

        var adit = await StartAditAsync(Arguments(files, port, "127.0.0.1:9", "-o", "ExitOnForwardFailure=yes"));

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains(port.ToString(CultureInfo.InvariantCulture), adit.Error.Text, StringComparison.Ordinal);
        Assert.Matches($"\\b{Environment.ProcessId}\\b", adit.Error.Text);
    }

    [Fact]
    public async Task A_port_in_use_on_one_of_the_loopback_addresses_is_in_use()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        // ssh binds ::1 here and counts that as success, and who connects to 127.0.0.1 reaches the other program.
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var port = ((IPEndPoint)holder.LocalEndpoint).Port;

        var adit = await StartAditAsync(Arguments(files, port, "127.0.0.1:9"));

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Equal([IPAddress.Loopback], LoopbackPort.Listeners(port));
    }

    [Theory]
    [InlineData("HostNam 127.0.0.1", "HostName")]
    [InlineData("StrictHostKeyChecking perhaps", "StrictHostKeyChecking")]
    [InlineData("Port many", "many")]
    [InlineData("LocalForward 5432", "LocalForward")]
    public async Task A_configuration_error_ends_with_255_and_its_file_and_line(string line, string named)
    {
        using var files = await SshClientFiles.CreateAsync(LoopbackPort.Free());
        files.Configure("# a comment", line);

        var adit = await FailToOpenAsync(files);

        Assert.Contains($"{files.ConfigPath}:3", adit.Error.Text, StringComparison.Ordinal);
        Assert.Contains(named, adit.Error.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_configuration_file_that_does_not_exist_ends_with_255()
    {
        var adit = await StartAditAsync("-F", "/nonexistent/config", "-N", "-L", "0:127.0.0.1:9", SshClientFiles.Alias);

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains("/nonexistent/config", adit.Error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-L", "nonsense")]
    [InlineData("-L", "70000:localhost:5432")]
    [InlineData("-p", "0")]
    [InlineData("-o", "NoSuchKeyword=yes")]
    [InlineData("--no-such-option", "x")]
    public async Task A_wrong_command_line_ends_with_255_and_says_what_is_wrong(string option, string value)
    {
        using var files = await SshClientFiles.CreateAsync(LoopbackPort.Free());

        var adit = await FailToOpenAsync(files, option, value);

        Assert.NotEmpty(adit.Error.Lines);
        Assert.Empty(adit.Output.Text);
    }

    [Fact]
    public async Task Nobody_listening_ends_with_255()
    {
        using var files = await SshClientFiles.CreateAsync(LoopbackPort.Free());

        var adit = await FailToOpenAsync(files);

        Assert.Matches("(?i)connection refused", adit.Error.Text);
    }

    [Fact]
    public async Task A_name_that_nobody_knows_ends_with_255()
    {
        using var files = await SshClientFiles.CreateAsync(LoopbackPort.Free());
        // RFC 6761, section 6.4: never resolves.
        files.Configure("HostName no-such-host.invalid");

        var adit = await FailToOpenAsync(files);

        Assert.Contains("no-such-host.invalid", adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_echoes_ends_with_255_and_no_hang()
    {
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(echo.Port, "ConnectTimeout 20");

        var adit = await FailToOpenAsync(files);

        Assert.NotEmpty(adit.Error.Lines);
    }

    [Theory]
    [InlineData("220 mail.example.com ESMTP\r\n")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")]
    [InlineData("")]
    [InlineData("SSH-1.5-ancient\r\n")]
    [InlineData("SSH-2.0-dies\r\n")]
    [InlineData("SSH-2.0-noise\r\n\u0001\u0002\u0003\u0004 0123456789012345678901234567890123456789")]
    public async Task A_port_that_speaks_no_ssh_ends_with_255(string banner)
    {
        await using var service = TcpService.Banner(banner);
        using var files = await SshClientFiles.CreateAsync(service.Port, "ConnectTimeout 20");

        var adit = await FailToOpenAsync(files);

        Assert.NotEmpty(adit.Error.Lines);
    }

    [Fact]
    public async Task A_port_that_speaks_postgresql_ends_with_255()
    {
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(postgres.Port, "ConnectTimeout 20");

        var adit = await FailToOpenAsync(files);

        Assert.NotEmpty(adit.Error.Lines);
    }

    [Fact]
    public async Task A_silent_peer_is_given_up_after_the_connect_timeout()
    {
        await using var silent = TcpService.Silent();
        using var files = await SshClientFiles.CreateAsync(silent.Port, "ConnectTimeout 1");
        var started = Stopwatch.GetTimestamp();

        var adit = await FailToOpenAsync(files);

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        Assert.Matches("(?i)tim(ed|e) ?out|within 1 s|no answer|did not answer", adit.Error.Text);
    }

    [Fact]
    public async Task Nothing_in_common_ends_with_255_and_both_offers()
    {
        var sshd = await StartSshdAsync(new() { Config = ["Ciphers aes256-ctr"] });
        using var files = await SshClientFiles.CreateAsync(sshd, "Ciphers aes128-gcm@openssh.com");

        var adit = await FailToOpenAsync(files);

        Assert.Contains("aes256-ctr", adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_control_characters_of_a_banner_do_not_reach_the_terminal()
    {
        var folder = RunFolder.Create("banner");
        var banner = Path.Combine(folder, "banner");
        await File.WriteAllTextAsync(banner, "be \u001b]0;owned\u0007 welcome\n");
        var sshd = await StartSshdAsync(new() { Config = [$"Banner {banner}"] });
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, 9);

        await tunnel.Adit.ErrorAsync("welcome");
        Assert.DoesNotContain('\u001b', tunnel.Adit.Error.Text);
        RunFolder.Remove(folder);
    }
}
