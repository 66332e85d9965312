using System.Net.Sockets;
using Adit.Relay;
using Npgsql;

namespace Adit.Npgsql.Tests;

public sealed class UseAditTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly SshTunnelOptions Nowhere = new()
    {
        ConfigFile = "none",
        Port = 1,
        KnownHostsFiles = ["/dev/null"],
        ReconnectWait = TimeSpan.Zero,
    };

    [Fact]
    [Trait("Surface", "S0-13")]
    public async Task The_hosts_become_sockets_in_a_folder_of_the_user_alone()
    {
        await using SshTunnel tunnel = SshTunnel.Create("joe@127.0.0.1", Nowhere);
        var builder = new NpgsqlDataSourceBuilder("Host=db.foo.com,other:5433;Port=5499;Username=joe");
        builder.UseAdit(tunnel);
        string[] folders = builder.ConnectionStringBuilder.Host!.Split(',');
        Assert.Equal(["0-db.foo.com", "1-other"], folders.Select(Path.GetFileName));
        string parent = Path.GetDirectoryName(folders[0])!;
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(parent));
        foreach (string folder in folders)
            Assert.True(Listens(Path.Combine(folder, ".s.PGSQL.5499")));

        await tunnel.DisposeAsync();

        Assert.False(Directory.Exists(parent));
    }

    [Fact]
    public async Task A_tunnel_that_cannot_be_made_is_the_reason_that_npgsql_gives()
    {
        await using SshTunnel tunnel = SshTunnel.Create("joe@127.0.0.1", Nowhere);
        foreach (string mode in (string[])["Disable", "Prefer"])
        {
            await using NpgsqlDataSource source = new NpgsqlDataSourceBuilder($"Host=db;Username=joe;SSL Mode={mode}").UseAdit(tunnel).Build();
            PostgresException e = await Assert.ThrowsAsync<PostgresException>(() => source.OpenConnectionAsync().AsTask());
            Assert.Equal("08001", e.SqlState);
            Assert.Contains("cannot connect to 127.0.0.1:1: connection refused", e.MessageText, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Require")]
    [InlineData("VerifyFull")]
    public async Task So_it_is_where_the_connection_string_insists_on_tls(string mode)
    {
        await using SshTunnel tunnel = SshTunnel.Create("joe@127.0.0.1", Nowhere);
        await using NpgsqlDataSource source = new NpgsqlDataSourceBuilder($"Host=db;Username=joe;SSL Mode={mode}").UseAdit(tunnel).Build();
        NpgsqlException e = await Assert.ThrowsAnyAsync<NpgsqlException>(() => source.OpenConnectionAsync().AsTask());
        Assert.Contains("cannot connect to 127.0.0.1:1: connection refused", e.Message, StringComparison.Ordinal);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public void A_data_source_goes_through_one_tunnel_only()
    {
        var builder = new NpgsqlDataSourceBuilder("Host=db;Username=joe").UseAdit("joe@127.0.0.1", Nowhere);
        string host = builder.ConnectionStringBuilder.Host!;
        Assert.Throws<InvalidOperationException>(() => builder.UseAdit("joe@127.0.0.1", Nowhere));
        Assert.Equal(host, builder.ConnectionStringBuilder.Host);
    }

    [Fact]
    public void What_cannot_be_used_is_said_before_anything_is_made()
    {
        Assert.Throws<ArgumentException>(() => new NpgsqlDataSourceBuilder("Username=joe").UseAdit("joe@127.0.0.1", Nowhere));
        Assert.Throws<TunnelConfigurationException>(() => new NpgsqlDataSourceBuilder("Host=db").UseAdit("joe@", Nowhere));
    }

    [Fact]
    public async Task After_the_end_of_the_tunnel_no_data_source_can_be_led_through_it()
    {
        SshTunnel tunnel = SshTunnel.Create("joe@127.0.0.1", Nowhere);
        await tunnel.DisposeAsync();
        Assert.Throws<TunnelEndedException>(() => new NpgsqlDataSourceBuilder("Host=db").UseAdit(tunnel));
    }

    [Fact]
    public async Task Disposal_with_the_tunnel_removes_the_sockets_at_once()
    {
        var builder = new NpgsqlDataSourceBuilder("Host=db;Username=joe").UseAdit("joe@127.0.0.1", Nowhere with { User = "one" });
        string folder = Path.GetDirectoryName(builder.ConnectionStringBuilder.Host!)!;
        NpgsqlDataSource source = builder.Build();
        Assert.True(Directory.Exists(folder));
        await source.DisposeWithTunnelAsync();
        Assert.False(Directory.Exists(folder));
        Assert.Throws<ObjectDisposedException>(() => source.OpenConnection());
    }

    [Fact]
    public async Task Nobody_else_can_put_sockets_where_those_of_a_data_source_were()
    {
        var builder = new NpgsqlDataSourceBuilder("Host=db;Username=joe").UseAdit("joe@127.0.0.1", Nowhere with { User = "two" });
        string around = Path.GetDirectoryName(Path.GetDirectoryName(builder.ConnectionStringBuilder.Host!))!;
        NpgsqlDataSource source = builder.Build();

        await source.DisposeWithTunnelAsync();

        Assert.True(Directory.Exists(around));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(around));
    }

    [Fact]
    public async Task A_data_source_that_nobody_holds_any_more_takes_its_sockets_with_it()
    {
        string folder = await MakeAndForgetAsync();
        var limit = System.Diagnostics.Stopwatch.StartNew();
        while (Directory.Exists(folder) && limit.Elapsed < TimeSpan.FromSeconds(20))
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(10);
        }

        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void What_a_dead_process_left_is_removed_and_what_is_alive_or_unknown_is_not()
    {
        // No process has this number: it is above the highest that Linux gives. It may still live in another container.
        const string Dead = "adit-npgsql-4194305-0-";
        DirectoryInfo dead = Directory.CreateTempSubdirectory(Dead), alive = Directory.CreateTempSubdirectory(Dead), other = Directory.CreateTempSubdirectory("adit-npgsql-x-");
        // Its number is another process's by now, and this one is not yet in use.
        DirectoryInfo recycled = Directory.CreateTempSubdirectory($"adit-npgsql-{Environment.ProcessId}-0-");
        string own = PrivateFolder.Create(SocketFolder.Prefix);
        string link = Path.Combine(Path.GetTempPath(), $"{Dead}{Guid.NewGuid():N}");
        Directory.CreateSymbolicLink(link, other.FullName);
        dead.CreateSubdirectory("0-db");
        using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(alive.CreateSubdirectory("0-db").FullName, ".s.PGSQL.5432")));
            listener.Listen();
            PrivateFolder.RemoveDead(SocketFolder.Prefix);
            Assert.False(Directory.Exists(dead.FullName));
            Assert.False(Directory.Exists(recycled.FullName));
            Assert.True(Directory.Exists(own));
            Assert.True(Directory.Exists(link));
            Assert.True(Directory.Exists(alive.FullName));
            Assert.True(Directory.Exists(other.FullName));
        }

        PrivateFolder.RemoveDead(SocketFolder.Prefix);
        Assert.False(Directory.Exists(alive.FullName));
        Directory.Delete(link);
        Directory.Delete(own);
        other.Delete();
    }

    [Fact]
    public async Task Data_sources_share_a_tunnel_where_destination_and_options_are_equal()
    {
        SshTunnelOptions first = Nowhere with { User = "three" }, second = Nowhere with { User = "three" };
        (SshTunnel one, Func<ValueTask> releaseOne) = SharedTunnels.Take("foo.com", first);
        (SshTunnel two, Func<ValueTask> releaseTwo) = SharedTunnels.Take("foo.com", second);
        (SshTunnel other, Func<ValueTask> releaseOther) = SharedTunnels.Take("foo.com", first with { User = "four" });
        Assert.Same(one, two);
        Assert.NotSame(one, other);
        await releaseOther();
        await releaseOne();
        Assert.Equal(SshTunnelState.Idle, two.State);
        await releaseTwo();
        Assert.Equal(SshTunnelState.Ended, two.State);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static async Task<string> MakeAndForgetAsync()
    {
        await Task.Yield();
        var builder = new NpgsqlDataSourceBuilder("Host=db;Username=joe").UseAdit("joe@127.0.0.1", Nowhere with { User = "two" });
        await using NpgsqlDataSource source = builder.Build();
        return Path.GetDirectoryName(builder.ConnectionStringBuilder.Host!)!;
    }

    private static bool Listens(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket.Connected;
    }
}
