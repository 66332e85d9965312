using System.Text;
using Adit.Ssh.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Ssh.Tests.Wire;

/// <summary>The data types of RFC 4251 section 5.</summary>
public class SshReaderTests
{
    [Theory]
    [InlineData("0", "00000000")]
    [InlineData("9a378f9b2e332a7", "0000000809a378f9b2e332a7")]
    [InlineData("80", "000000020080")]
    [InlineData("7f", "000000017f")]
    public void An_mpint_is_written_as_in_the_RFCs_examples(string number, string wire)
    {
        byte[] unsigned = Convert.FromHexString(number.Length % 2 == 0 ? number : "0" + number);
        var writer = new SshWriter(stackalloc byte[4]);
        writer.WriteMpint(unsigned);
        Assert.Equal(wire, Convert.ToHexStringLower(writer.Written));
        var reader = new SshReader(writer.Written);
        Assert.Equal(unsigned.AsSpan().TrimStart((byte)0).ToArray(), reader.ReadMpint().ToArray());
        writer.Dispose();
    }

    [Theory]
    [InlineData("00000002edcc")]
    [InlineData("0000000100")]
    [InlineData("000000020001")]
    public void A_negative_or_padded_mpint_is_refused(string wire) =>
        Assert.Throws<SshFormatException>(() =>
        {
            var reader = new SshReader(Convert.FromHexString(wire));
            reader.ReadMpint();
        });

    [Theory]
    [InlineData("ffffffff")]
    [InlineData("80000000")]
    [InlineData("00000005616263")]
    public void A_string_longer_than_what_is_left_is_refused(string wire) =>
        Assert.Throws<SshFormatException>(() =>
        {
            var reader = new SshReader(Convert.FromHexString(wire));
            reader.ReadString();
        });

    [Theory]
    [InlineData(",a")]
    [InlineData("a,,b")]
    [InlineData("a,")]
    [InlineData("a b")]
    [InlineData("a\u0001")]
    [InlineData("ä")]
    public void A_name_list_with_an_empty_or_unprintable_name_is_refused(string list) =>
        Assert.Throws<SshFormatException>(() =>
        {
            var writer = new SshWriter(stackalloc byte[64]);
            writer.WriteString(list);
            var reader = new SshReader(writer.Written);
            reader.ReadNameList();
        });

    [Fact]
    public void Text_that_is_not_UTF8_is_refused_where_something_depends_on_it_and_replaced_where_not()
    {
        byte[] wire = [0, 0, 0, 2, 0xff, 0x41];
        Assert.Throws<SshFormatException>(() => new SshReader(wire).ReadText());
        Assert.Equal("\ufffdA", new SshReader(wire).ReadHumanText());
    }

    [Fact]
    public void Random_bytes_give_a_format_exception_and_nothing_else() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), data =>
        {
            Exception? failure = Record.Exception(() =>
            {
                var reader = new SshReader(data);
                reader.ReadNameList();
                reader.ReadText();
                reader.ReadMpint();
                reader.ReadUInt64();
                reader.ReadEnd();
            });
            Assert.True(failure is null or SshFormatException, failure?.ToString());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_writer_grows_and_keeps_what_it_holds()
    {
        string text = new('x', 5000);
        var writer = new SshWriter(stackalloc byte[8]);
        writer.WriteUInt64(0x0102030405060708);
        writer.WriteString(text);
        writer.WriteBoolean(true);
        var reader = new SshReader(writer.Written);
        Assert.Equal(0x0102030405060708u, reader.ReadUInt64());
        Assert.Equal(text, Encoding.UTF8.GetString(reader.ReadString()));
        Assert.True(reader.ReadBoolean());
        reader.ReadEnd();
        writer.Dispose();
    }
}
