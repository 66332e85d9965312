using Adit.Cli.Doctor;

namespace Adit.Cli.Tests.Doctor;

[Trait("Surface", "S0-6")]
public sealed class DetachedTunnelsTests : CheckTest
{
    private const string Forwarding = "ssh -N -L 58070:localhost:5432 root@db";

    [Fact]
    public async Task An_ssh_whose_parent_was_replaced_by_init_is_found_with_its_port_and_age()
    {
        Machine.Add(500, parent: 1, session: 400, "ssh", Forwarding, sockets: [77]);
        Machine.Listen("127.0.0.1", 58070, 77);

        Finding found = Assert.Single(await FindAsync(new DetachedTunnels()));

        Assert.Equal(500, found.Pid);
        Assert.Equal("127.0.0.1:58070", Assert.Single(found.Listening));
        Assert.Equal("kill 500", found.Command);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_500), found.Since);
        Assert.Equal("every program and user of this machine", found.Users);
    }

    [Fact]
    public async Task An_ssh_that_a_subreaper_adopted_is_found()
    {
        Machine.Add(300, parent: 1, session: 300, "systemd", "systemd --user");
        Machine.Add(500, parent: 300, session: 400, "ssh", Forwarding);

        Assert.Contains("who started it is gone", Assert.Single(await FindAsync(new DetachedTunnels())).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ssh_without_a_terminal_and_with_a_session_of_its_own_is_found_though_its_parent_lives()
    {
        Machine.Add(300, parent: 1, session: 300, "dbtool", "dbtool");
        Machine.Add(500, parent: 300, session: 500, "ssh", Forwarding);

        Assert.Contains("process 300 (dbtool)", Assert.Single(await FindAsync(new DetachedTunnels())).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ssh_that_its_parent_watches_is_no_finding()
    {
        Machine.Add(400, parent: 1, session: 400, "bash", "bash", hasTerminal: true);
        Machine.Add(500, parent: 400, session: 400, "ssh", Forwarding, hasTerminal: true);

        Assert.Empty(await FindAsync(new DetachedTunnels()));
    }

    [Fact]
    public async Task An_ssh_that_a_service_manager_started_itself_is_no_finding()
    {
        Machine.Add(500, parent: 1, session: 500, "ssh", Forwarding);
        Machine.SetEnvironment(500, "HOME=/", "SYSTEMD_EXEC_PID=500");
        Machine.Add(501, parent: 1, session: 501, "ssh", Forwarding);
        Machine.SetEnvironment(501, "SYSTEMD_EXEC_PID=500");

        Assert.Equal(501, Assert.Single(await FindAsync(new DetachedTunnels())).Pid);
    }

    [Fact]
    public async Task An_orphan_without_forwards_and_listeners_is_no_finding()
    {
        Machine.Add(500, parent: 1, session: 400, "ssh", "ssh -o BatchMode=yes db tail -L file", sockets: [77]);

        Assert.Empty(await FindAsync(new DetachedTunnels()));
    }

    [Fact]
    public async Task A_listener_is_enough_where_the_command_line_names_no_forward()
    {
        Machine.Add(500, parent: 1, session: 500, "ssh", "ssh -fN db", sockets: [77, 78]);
        Machine.Listen("::", 5432, 77);
        Machine.ListenUnix("/home/joe/pg.sock", 78);

        Finding found = Assert.Single(await FindAsync(new DetachedTunnels()));

        Assert.Equal(["[::]:5432", "/home/joe/pg.sock"], found.Listening);
        Assert.Contains("other machines", found.Users, StringComparison.Ordinal);
        Assert.Contains("who may write to /home/joe/pg.sock", found.Users, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_users_tunnels_are_counted_and_not_judged()
    {
        Machine.Add(500, parent: 1, session: 400, "ssh", Forwarding, owner: 1001);
        Inspection inspection = Inspect();

        Assert.Empty(await new DetachedTunnels().FindAsync(inspection, CancellationToken.None));
        Assert.Contains("1 processes of other users", Assert.Single(inspection.Unseen), StringComparison.Ordinal);
        Assert.False(inspection.IsIncomplete);
    }

    [Fact]
    public async Task Control_characters_of_a_command_line_reach_no_terminal()
    {
        Machine.Add(500, parent: 1, session: 400, "ssh", "ssh -L 1:a:1 \u001b[2J");

        Assert.Contains(@"\x1b[2J", Assert.Single(await FindAsync(new DetachedTunnels())).What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ssh -vNL 58070:localhost:5432 root@db", "-L 58070:localhost:5432")]
    [InlineData("ssh root@db -vNL58070:localhost:5432 -p 22", "-L 58070:localhost:5432")]
    [InlineData("ssh -f -D 1080 -R 80:a:80 db", "-D 1080|-R 80:a:80")]
    [InlineData("ssh -o LocalForward=1:a:1 -oBatchMode=yes db", "-o LocalForward=1:a:1")]
    [InlineData("ssh -p 22 db command -L 1:a:1", "")]
    [InlineData("ssh -l -L db", "")]
    [InlineData("ssh: /home/joe/.ssh/cm [mux]", "")]
    public void Forwards_are_read_from_a_command_line_as_ssh_does(string commandLine, string forwards)
    {
        Machine.Add(500, parent: 1, session: 400, "ssh", commandLine);

        Assert.Equal(forwards, string.Join('|', TunnelProgram.Forwards(Inspect().Machine.Find(500)!)));
    }
}
