using Adit.Ssh.Connection;
using Adit.Ssh.Kex;
using Adit.Ssh.Transport;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Transport;

/// <summary>The shape of packets under every cipher, RFC 4253 section 6.</summary>
public class PacketCipherTests
{
    public static TheoryData<string, string?> Ciphers
    {
        get
        {
            var ciphers = new TheoryData<string, string?>();
            foreach (CipherAlgorithm cipher in CipherAlgorithm.All)
            {
                foreach (string? mac in cipher.IsAead ? [null] : MacAlgorithm.All.Select(mac => (string?)mac.Name))
                    ciphers.Add(cipher.Name, mac);
            }

            return ciphers;
        }
    }

    [Fact]
    public void Chacha20_poly1305_gives_the_packet_of_the_drafts_appendix()
    {
        byte[] key = Convert.FromHexString(
            "8bbff6855fc102338c373e73aac0c914f076a905b2444a32eecaffeae22becc5e9b7a7a5825a8249346ec1c28301cf394543fc7569887d76e168f37562ac0740");
        byte[] clear = Convert.FromHexString(
            "00000048065e00000000000000384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697069736963696e6720656c69744e43e804dc6c");
        byte[] sent = Convert.FromHexString(
            "2c3ecce4a5bc05895bf07a7ba956b6c68829ac7c83b780b7000ecde745afc705bbc378ce03a280236b87b53bed5839662302b164b6286a48cd1e097138e3cb909b8b2b829dd18d2a35ff82d995349e85" +
            "5bf02c298ef775f2d1a7e8b8");
        using var cipher = new ChaChaPolyPacketCipher(key);
        var position = new PacketPosition(Sequence: 7, Packet: 0, Block: 0);

        byte[] packet = [.. clear];
        byte[] tag = new byte[cipher.TagLength];
        cipher.Seal(position, packet, tag);
        Assert.Equal(sent, packet.Concat(tag));

        Assert.Equal(0x48u, cipher.ReadLength(position, sent));
        byte[] opened = new byte[clear.Length - 4];
        Assert.True(cipher.TryOpen(position, sent.AsSpan(0, clear.Length), sent.AsSpan(clear.Length), opened));
        Assert.Equal(clear[4..], opened);
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public async Task Packets_of_every_size_arrive_as_they_were_sent_even_byte_by_byte(string cipher, string? mac)
    {
        var pair = new StreamPair(maxRead: 1);
        byte[][] payloads = [.. new[] { 1, 2, 15, 16, 17, 100, 255, 1000 }.Select(size => TestBytes.Of(size, size))];
        var outbox = new Outbox();
        using var writer = new PacketWriter(pair.Left, outbox);
        using var reader = new PacketReader(new InboundBuffer(pair.Right));
        outbox.SendKex([21], new KeyEpoch(Create(cipher, mac, sealing: true)));
        foreach (byte[] payload in payloads)
            outbox.TryEnqueue([.. payload]);

        Task sending = writer.RunAsync(static () => { });
        Assert.Equal([21], await ReadAsync(reader));
        reader.Switch(new KeyEpoch(Create(cipher, mac, sealing: false)), resetSequence: false);
        foreach (byte[] payload in payloads)
            Assert.Equal(payload, await ReadAsync(reader));
        outbox.Complete();
        await sending.TestTime();
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public async Task A_full_packet_of_data_fits_a_segment_of_tcp_within_a_machine(string cipher, string? mac)
    {
        const int plainPacket = 16;
        const int extendedDataHeader = 13;
        const int segment = 65_536 - 40 - 32; // of the loopback interface, less the headers of IPv6 and of TCP with timestamps
        using var wire = new MemoryStream();
        var outbox = new Outbox();
        using var writer = new PacketWriter(wire, outbox);
        outbox.SendKex([21], new KeyEpoch(Create(cipher, mac, sealing: true)));
        outbox.TryEnqueue(new byte[extendedDataHeader + ConnectionOptions.Default.MaxDataPacket]);
        Task sending = writer.RunAsync(static () => { });
        outbox.Complete();
        await sending.TestTime();
        Assert.InRange(wire.Length - plainPacket, ConnectionOptions.Default.MaxDataPacket, segment);
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void Data_that_lies_elsewhere_is_sealed_as_if_it_lay_in_the_packet(string cipher, string? mac)
    {
        var position = new PacketPosition(3, 3, 9);
        foreach (int size in (int[])[1, 100, 5000])
        {
            using PacketCipher sealer = Create(cipher, mac, sealing: true);
            byte[] data = TestBytes.Of(size);
            byte[] packet = [0, 0, 0, 0, 6, 94, .. data, .. new byte[6 + 16 - ((size + 8) % 16)]];
            byte[] apart = [.. packet];
            apart.AsSpan(6, size).Clear();
            byte[] tag = new byte[sealer.TagLength], tagApart = new byte[sealer.TagLength];
            sealer.Seal(position, packet, tag);
            sealer.Seal(position, apart, 6, data, tagApart);
            Assert.Equal(packet, apart);
            Assert.Equal(tag, tagApart);
            Assert.Equal(TestBytes.Of(size), data);
        }
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void A_packet_that_was_changed_anywhere_is_not_opened(string cipher, string? mac)
    {
        var position = new PacketPosition(3, 3, 9);
        using PacketCipher sealer = Create(cipher, mac, sealing: true);
        using PacketCipher opener = Create(cipher, mac, sealing: false);
        byte[] packet = [0, 0, 0, 28, 10, .. TestBytes.Of(27)];
        byte[] tag = new byte[sealer.TagLength];
        sealer.Seal(position, packet, tag);
        byte[] opened = new byte[28];
        Assert.True(opener.TryOpen(position, packet, tag, opened));
        for (int i = 0; i < packet.Length + tag.Length; i++)
        {
            byte[] changed = [.. packet, .. tag];
            changed[i] ^= 1;
            Assert.False(opener.TryOpen(position, changed.AsSpan(0, packet.Length), changed.AsSpan(packet.Length), opened), $"byte {i}");
        }
    }

    private static PacketCipher Create(string cipher, string? mac, bool sealing)
    {
        CipherAlgorithm algorithm = CipherAlgorithm.Named(cipher);
        MacAlgorithm? macAlgorithm = mac is null ? null : MacAlgorithm.Named(mac);
        return algorithm.Create(
            macAlgorithm, TestBytes.Of(algorithm.KeyLength, 1), TestBytes.Of(algorithm.IvLength, 2), TestBytes.Of(macAlgorithm?.KeyLength ?? 0, 3), sealing);
    }

    private static async Task<byte[]> ReadAsync(PacketReader reader)
    {
        InboundPacket packet;
        while (!reader.TryRead(out packet))
            Assert.True(await reader.Buffer.FillAsync(CancellationToken.None).AsTask().TestTime());
        byte[] payload = packet.Span.ToArray();
        packet.Release();
        return payload;
    }
}
