using System.Text;
using Adit.Tests.Shared;

namespace Adit.Tests.StartTls;

/// <summary>The other side of an opening, which says and hears lines as the test wants it.</summary>
internal sealed class TextPeer
{
    private readonly StreamPair _pair;

    public TextPeer(int maxRead = int.MaxValue)
    {
        _pair = new StreamPair(maxRead: maxRead);
    }

    /// <summary>The stream of the opening that is tested.</summary>
    public Stream Opening => _pair.Left;

    public Task SayAsync(string text) => _pair.Right.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask().TestTime();

    public ValueTask SayAsync(byte[] bytes) => _pair.Right.WriteAsync(bytes);

    public void Leave() => _pair.Right.Dispose();

    /// <summary>
    /// Plays a conversation of lines: one with <c>&gt;</c> and a space before it is said, together with those behind it of the same kind, and one with
    /// <c>&lt;</c> and a space has to be heard. <c>&gt;&gt;</c> says what is no whole line; at <c>leaves</c> it is gone.
    /// </summary>
    public async Task PlayAsync(string script)
    {
        StringBuilder saying = new();
        foreach (string line in script.Split('\n'))
        {
            if (line.StartsWith("> ", StringComparison.Ordinal))
                saying.Append(line.AsSpan(2)).Append("\r\n");
            else if (line.StartsWith(">>", StringComparison.Ordinal))
                saying.Append(line.AsSpan(2));
            else
                await SayAllAsync();

            if (line.StartsWith("< ", StringComparison.Ordinal))
                await HearAsync(line[2..] + "\r\n");
            else if (line is "leaves")
                Leave();
            else
                Assert.StartsWith(">", line, StringComparison.Ordinal);
        }

        await SayAllAsync();

        async Task SayAllAsync()
        {
            if (saying.Length > 0)
                await SayAsync(saying.ToString());
            saying.Clear();
        }
    }

    /// <summary>Hears exactly this text.</summary>
    public async Task HearAsync(string text)
    {
        byte[] heard = new byte[text.Length];
        int count = await _pair.Right.ReadAtLeastAsync(heard, heard.Length, throwOnEndOfStream: false).AsTask().TestTime();
        Assert.Equal(text, Encoding.Latin1.GetString(heard, 0, count));
    }

    public async Task<byte[]> HearAsync(int count)
    {
        byte[] heard = new byte[count];
        await _pair.Right.ReadExactlyAsync(heard).AsTask().TestTime();
        return heard;
    }

    /// <summary>Hears that the other side has said nothing more, once it is gone. Who has left hears nothing anyway.</summary>
    public async Task HearNothingMoreAsync()
    {
        if (_pair.Right.IsDisposed)
            return;
        await _pair.Left.DisposeAsync();
        Assert.Equal(0, await _pair.Right.ReadAsync(new byte[1]).AsTask().TestTime());
    }

    /// <summary>What is said next reaches whoever reads the stream next: the opening has taken nothing of it.</summary>
    public async Task AssertNothingWasTakenAsync()
    {
        byte[] hello = [0x16, 3, 1];
        await SayAsync(hello);
        byte[] read = new byte[hello.Length];
        await _pair.Left.ReadExactlyAsync(read).AsTask().TestTime();
        Assert.Equal(hello, read);
    }
}
