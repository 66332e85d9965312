using System.Buffers.Binary;
using Adit.Mux;
using Adit.Mux.Messages;
using Adit.Ssh;
using Adit.Ssh.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Tests.Mux;

public sealed class MuxMessageTests
{
    private static readonly ForwardFields Fields = new(2, "*", 0, "/run/db.sock", ForwardFields.PathPort);

    [Fact]
    public void Every_message_is_read_as_it_was_written()
    {
        Keeps(new Hello(4, HasInfo: true));
        Keeps(new Hello(4, HasInfo: false));
        Keeps(new AliveCheck(1));
        Keeps(new Terminate(2));
        Keeps(new StopListening(3));
        Keeps(new Proxy(uint.MaxValue));
        Keeps(new Info(4, Info.Channels));
        Keeps(new OpenForward(5, Fields));
        Keeps(new CloseForward(6, Fields));
        Keeps(new NewStdioForward(7, "db", 5432));
        Keeps(new Ok(8));
        Keeps(new PermissionDenied(9, "no"));
        Keeps(new Failure(10, "nö"));
        Keeps(new ExitMessage(11, 255));
        Keeps(new Alive(12, 4711));
        Keeps(new SessionOpened(13, 1));
        Keeps(new RemotePort(14, 65535));
        Keeps(new TtyAllocationFailed(15));
        Keeps(new ProxyStarted(16));
        Keeps(new InfoReply(17, Known: true, "text\n"));
    }

    [Fact]
    public void A_session_is_read_as_it_was_written()
    {
        var session = new NewSession(1, true, false, true, false, '~', "xterm", "ls -l /tmp/ä", ["LANG=C", "LC_ALL=de_DE.UTF-8"]);
        NewSession read = MuxMessage.Decode<NewSession>(Body(MuxMessage.Encode(session)));
        Assert.Equal(session.Environment, read.Environment);
        Assert.Equal(session, read with { Environment = session.Environment });
    }

    [Fact]
    public void Messages_have_the_bytes_that_the_protocol_says()
    {
        Assert.Equal("00000008" + "00000001" + "00000004", Hex(MuxMessage.Encode(new Hello(4, HasInfo: false))));
        Assert.Equal("00000015" + "00000001" + "00000004" + "00000004" + "696e666f" + "00000001" + "30", Hex(MuxMessage.Encode(new Hello(4, HasInfo: true))));
        Assert.Equal("00000008" + "10000004" + "00000007", Hex(MuxMessage.Encode(new AliveCheck(7))));
        Assert.Equal(
            "0000001e" + "10000006" + "00000001" + "00000001" + "00000000" + "00001538" + "00000002" + "6462" + "00001538",
            Hex(MuxMessage.Encode(new OpenForward(1, new(1, "", 5432, "db", 5432)))));
    }

    [Fact]
    public void Variables_that_are_no_text_or_have_no_name_are_left_out()
    {
        byte[] packet = Body(MuxMessage.Encode(new NewSession(1, false, false, false, false, NewSession.NoEscapeChar, "", "", ["LANG=C", "NAMELESS", "=x", "LC_X=?"])));
        packet[^1] = 0xff;
        Assert.Equal(["LANG=C"], MuxMessage.Decode<NewSession>(packet).Environment);
    }

    [Fact]
    public void Extensions_that_nobody_knows_are_skipped()
    {
        using var writer = new SshWriter([]);
        writer.WriteUInt32((uint)MuxMessageNumber.Hello);
        writer.WriteUInt32(4);
        writer.WriteString("later@example.com");
        writer.WriteString("1");
        Assert.Equal(new Hello(4, HasInfo: false), MuxMessage.Decode<Hello>(writer.ToArray()));
    }

    [Fact]
    public void What_is_cut_off_or_left_over_or_another_message_is_refused()
    {
        byte[] packet = Body(MuxMessage.Encode(new OpenForward(1, Fields)));
        for (int length = 0; length < packet.Length; length++)
            Assert.Throws<SshFormatException>(() => MuxMessage.Decode<OpenForward>(packet.AsSpan(0, length)));
        Assert.Throws<SshFormatException>(() => MuxMessage.Decode<OpenForward>([.. packet, 0]));
        Assert.Throws<SshFormatException>(() => MuxMessage.Decode<CloseForward>(packet));
    }

    [Fact]
    public void Strings_have_limits()
    {
        byte[] fits = Body(MuxMessage.Encode(new NewStdioForward(1, new string('h', ForwardFields.MaxName), 1)));
        byte[] tooLong = Body(MuxMessage.Encode(new NewStdioForward(1, new string('h', ForwardFields.MaxName + 1), 1)));
        Assert.Equal(ForwardFields.MaxName, MuxMessage.Decode<NewStdioForward>(fits).Host.Length);
        Assert.Throws<SshFormatException>(() => MuxMessage.Decode<NewStdioForward>(tooLong));
    }

    [Fact]
    public void A_text_with_a_NUL_or_that_is_not_UTF8_is_refused()
    {
        byte[] packet = Body(MuxMessage.Encode(new NewStdioForward(1, "x", 1)));
        int at = packet.Length - sizeof(uint) - 1;
        foreach (byte wrong in (byte[])[0, 0xff])
        {
            packet[at] = wrong;
            Assert.Throws<SshFormatException>(() => MuxMessage.Decode<NewStdioForward>(packet));
        }
    }

    [Fact]
    public void A_message_that_no_master_would_take_is_not_sent()
    {
        MuxException e = Assert.Throws<MuxException>(() => MuxMessage.Encode(new Failure(1, new string('x', MuxMessage.MaxPacket))));
        Assert.Contains("shorten", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_bytes_are_a_message_or_a_format_error() =>
        Prop.ForAll<byte[], byte>((bytes, number) => IsMessageOrFormatError([0x10, 0, 0, (byte)(2 + (number % 8)), .. bytes])).QuickCheckThrowOnFailure();

    private static bool IsMessageOrFormatError(byte[] packet)
    {
        try
        {
            object message = MuxMessage.NumberOf(packet) switch
            {
                MuxMessageNumber.NewSession => MuxMessage.Decode<NewSession>(packet),
                MuxMessageNumber.OpenForward => MuxMessage.Decode<OpenForward>(packet),
                MuxMessageNumber.NewStdioForward => MuxMessage.Decode<NewStdioForward>(packet),
                _ => MuxMessage.Decode<AliveCheck>(packet),
            };
            return message is not null;
        }
        catch (SshFormatException)
        {
            return true;
        }
    }

    private static void Keeps<T>(T message)
        where T : struct, IMuxMessage<T> => Assert.Equal(message, MuxMessage.Decode<T>(Body(MuxMessage.Encode(message))));

    private static byte[] Body(byte[] packet)
    {
        Assert.Equal((uint)packet.Length - sizeof(uint), BinaryPrimitives.ReadUInt32BigEndian(packet));
        return packet[sizeof(uint)..];
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
