using System.Buffers.Binary;
using System.Text;
using Adit.Npgsql;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Npgsql.Tests;

public sealed class PostgresStartupTests
{
    private const int Ssl = 80877103;
    private const int Gss = 80877104;
    private const int Cancel = 80877102;
    private const int Protocol3 = 196608;

    [Fact]
    public async Task A_startup_is_answered_by_an_error_with_its_code_and_text()
    {
        byte[] answer = await RefuseAsync(Packet(Protocol3, "user\0joe\0\0"u8.ToArray()));
        Assert.Equal("E", Encoding.ASCII.GetString(answer, 0, 1));
        Assert.Equal(answer.Length - 1, BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(1)));
        Assert.Equal("SFATAL\0VFATAL\0C08001\0Mno way\0\0", Encoding.UTF8.GetString(answer.AsSpan(5)));
    }

    [Fact]
    public async Task Encryption_that_is_merely_offered_is_declined_first()
    {
        byte[] answer = await RefuseAsync([.. Packet(Gss), .. Packet(Ssl), .. Packet(Protocol3, "\0"u8.ToArray())]);
        Assert.StartsWith("NNE", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_insists_on_encryption_hears_of_it_otherwise_before_it_begins()
    {
        bool told = false;
        byte[] answer = await RefuseAsync(Packet(Ssl), () => told = true);
        Assert.True(told);
        Assert.Equal("S", Encoding.ASCII.GetString(answer));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(10_001)]
    [InlineData(-1)]
    public async Task What_is_no_packet_gets_no_answer(int length)
    {
        byte[] packet = Packet(Protocol3);
        BinaryPrimitives.WriteInt32BigEndian(packet, length);
        Assert.Empty(await RefuseAsync(packet));
    }

    [Fact]
    public async Task A_request_to_cancel_gets_no_answer() => Assert.Empty(await RefuseAsync(Packet(Cancel, new byte[8])));

    [Fact]
    public async Task Questions_without_end_are_not_answered_without_end() =>
        Assert.Equal("NNNN", Encoding.ASCII.GetString(await RefuseAsync([.. Enumerable.Repeat(Packet(Ssl), 10).SelectMany(static packet => packet)])));

    private static byte[] Packet(int code, byte[]? rest = null)
    {
        byte[] packet = new byte[8 + (rest?.Length ?? 0)];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(4), code);
        rest?.CopyTo(packet, 8);
        return packet;
    }

    // One byte at a time, as a network may bring it.
    private static async Task<byte[]> RefuseAsync(byte[] sent, Action? onEncryption = null)
    {
        var client = new Recorder(sent);
        await PostgresStartup.RefuseAsync(client, "08001", "no way", onEncryption, CancellationToken.None).AsTask().TestTime();
        return client.Written.ToArray();
    }

    private sealed class Recorder(byte[] sent) : Duplex
    {
        private int _at;

        public MemoryStream Written { get; } = new();

        public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) =>
            new(_at < sent.Length ? sent.AsMemory(_at++, 1) : default);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => Written.WriteAsync(data, cancellationToken);

        public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => default;

        public override void Abort()
        {
        }

        public override ValueTask DisposeAsync() => default;
    }
}
