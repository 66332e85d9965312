using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Adit.Interop.Tests.Peers;
using Npgsql;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What somebody sees who listens between client and SSH server while a password and a query go through in the clear.</summary>
[Trait("Surface", "S0-14")]
public sealed class WireTests(ITestOutputHelper output) : ForwardTest(output)
{
    // Shorter ones come about by chance: in a recording of some kilobytes, one of 8 bytes does not.
    private const int Piece = 8;
    private const string User = "clear";
    private static readonly string Password = RandomNumberGenerator.GetHexString(64, lowercase: true);
    private static readonly Lazy<Task<PostgresPeer>> Clear = new(StartAsync);

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Of_password_query_and_answer_not_a_piece_is_seen_before_the_server_and_all_of_it_behind(string kind)
    {
        var (wire, behind, stand) = await StandAsync(kind);
        using var files = stand;
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync("-F", files.ConfigPath, "-N", "-L", $"{port}:localhost:{behind.Port}", SshClientFiles.Alias);
        await LoopbackPort.UntilListeningAsync(port, adit);
        var (query, answer) = Question();

        Assert.Equal(answer, await Psql.RunAsync("127.0.0.1", port, User, query, "dbname=postgres sslmode=disable gssencmode=disable", Password));

        await EndAsync(adit);
        AssertHidden(wire, behind, query, answer);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Nor_where_the_library_carries_them(string kind)
    {
        var (wire, behind, stand) = await StandAsync(kind);
        using var files = stand;
        var text = string.Create(CultureInfo.InvariantCulture, $"Host=localhost;Port={behind.Port};Username={User};Password={Password};Database=postgres;SSL Mode=Disable;GSS Encryption Mode=Disable;Timeout=30");
        var source = new NpgsqlDataSourceBuilder(text).UseAdit(SshClientFiles.Alias, new() { ConfigFile = files.ConfigPath }).Build();
        var (query, answer) = Question();

        await using (var command = source.CreateCommand(query))
            Assert.Equal(answer, await command.ExecuteScalarAsync());

        await source.DisposeWithTunnelAsync();
        AssertHidden(wire, behind, query, answer);
    }

    // Between client and server, and between server and database, where the same bytes have to be found.
    private async Task<(RecordingRelay Wire, RecordingRelay Behind, SshClientFiles Files)> StandAsync(string kind)
    {
        var server = await StartServerAsync(kind);
        var behind = Own(new RecordingRelay((await Clear.Value).Port));
        var wire = Own(new RecordingRelay(server.Port));
        var files = await SshClientFiles.CreateAsync(wire.Port);
        files.Know(server.HostKeys);
        return (wire, behind, files);
    }

    // The answer stands in no query: it is the query's word turned around.
    private static (string Query, string Answer) Question()
    {
        var word = RandomNumberGenerator.GetHexString(64, lowercase: true);
        return ($"select reverse('{word}')", new string([.. word.Reverse()]));
    }

    private static void AssertHidden(RecordingRelay wire, RecordingRelay behind, string query, string answer)
    {
        Assert.True(Contains(behind.ToServer, Password));
        Assert.True(Contains(behind.ToServer, query));
        Assert.True(Contains(behind.ToClient, answer));
        byte[][] seen = [wire.ToServer, wire.ToClient];
        foreach (var direction in seen)
        {
            // What is public is seen, so nothing is missing from the recording.
            Assert.StartsWith("SSH-2.0-", Encoding.ASCII.GetString(direction[..8]), StringComparison.Ordinal);
            Assert.True(Contains(direction, "aes256-gcm@openssh.com"));
            Assert.All([Password, query, answer, "direct-tcpip", "SCRAM-SHA-256", "application_name", "client_encoding", "publickey", TestUser.Name + "\0\0\0\x0essh-connection"], secret =>
                Assert.DoesNotContain(Pieces(secret), piece => Contains(direction, piece)));
        }

        // All of what was found behind it went over this wire.
        Assert.True(seen[0].Length > behind.ToServer.Length && seen[1].Length > behind.ToClient.Length);
    }

    private static IEnumerable<string> Pieces(string text) =>
        Enumerable.Range(0, Math.Max(1, text.Length - Piece + 1)).Select(at => text.Substring(at, Math.Min(Piece, text.Length)));

    private static bool Contains(byte[] recording, string text) => recording.AsSpan().IndexOf(Encoding.Latin1.GetBytes(text)) >= 0;

    private static async Task<PostgresPeer> StartAsync()
    {
        var postgres = await PostgresPeer.StartAsync(new() { Access = [$"host all {User} 127.0.0.1/32 password"] });
        await Psql.RunAsync(postgres.SocketFolder, postgres.Port, PostgresPeer.TrustedUser, $"create role {User} login password '{Password}'");
        return postgres;
    }
}
