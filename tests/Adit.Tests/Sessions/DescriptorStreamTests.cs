using System.IO.Pipes;
using System.Runtime.Versioning;
using System.Text;
using Adit.Sessions;
using Adit.Tests.Shared;

namespace Adit.Tests.Sessions;

[UnsupportedOSPlatform("windows")]
public class DescriptorStreamTests
{
    [Fact]
    public async Task Bytes_come_as_they_are_written_and_the_end_is_read_as_often_as_asked()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using DescriptorStream input = DescriptorStream.Reader(pipe.ClientSafePipeHandle);
        byte[] data = TestBytes.Of(300_000);
        Task writing = Task.Run(() =>
        {
            pipe.Write(data);
            pipe.SafePipeHandle.Dispose();
        });
        byte[] received = new byte[data.Length];
        await input.ReadExactlyAsync(received).AsTask().TestTime();
        Assert.Equal(data, received);
        Assert.Equal(0, await input.ReadAsync(received).AsTask().TestTime());
        Assert.Equal(0, await input.ReadAsync(received).AsTask().TestTime());
        await writing;
    }

    [Fact]
    public async Task A_cancelled_read_ends_at_once_and_takes_nothing_of_what_comes_later()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using (DescriptorStream input = DescriptorStream.Reader(pipe.ClientSafePipeHandle))
        {
            for (int i = 0; i < 200; i++)
            {
                using var cancel = new CancellationTokenSource();
                Task<int> reading = input.ReadAsync(new byte[10], cancel.Token).AsTask();
                if (i % 2 == 0)
                    await Task.Yield();
                await cancel.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.TestTime());
            }

            pipe.Write("later"u8);
        }

        byte[] later = new byte[10];
        Assert.Equal(5, DescriptorCalls.Read((int)pipe.ClientSafePipeHandle.DangerousGetHandle(), later, 10));
        Assert.Equal("later", Encoding.ASCII.GetString(later, 0, 5));
    }

    [Fact]
    public async Task Nothing_is_read_before_somebody_asks()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using (DescriptorStream input = DescriptorStream.Reader(pipe.ClientSafePipeHandle))
        {
            pipe.Write("one"u8);
            byte[] buffer = new byte[10];
            Assert.Equal(3, await input.ReadAsync(buffer).AsTask().TestTime());
            pipe.Write("two"u8);
        }

        Assert.Equal(3, DescriptorCalls.Read((int)pipe.ClientSafePipeHandle.DangerousGetHandle(), new byte[10], 10));
    }

    [Fact]
    public async Task What_a_cancelled_read_had_got_is_there_for_the_next_one()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using DescriptorStream input = DescriptorStream.Reader(pipe.ClientSafePipeHandle);
        int received = 0;
        for (int i = 0; i < 300; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task<int> reading = input.ReadAsync(new byte[1], cancel.Token).AsTask();
            pipe.WriteByte(1);
            await cancel.CancelAsync();
            try
            {
                received += await reading.TestTime();
            }
            catch (OperationCanceledException)
            {
                // The next one has it.
            }
        }

        byte[] rest = new byte[300];
        while (received < 300)
            received += await input.ReadAsync(rest).AsTask().TestTime();
        Assert.Equal(300, received);
    }

    [Fact]
    public async Task A_write_waits_for_the_reader_and_can_be_given_up()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        DescriptorStream output = DescriptorStream.Writer(pipe.ClientSafePipeHandle);
        using var cancel = new CancellationTokenSource();
        Task writing = output.WriteAsync(TestBytes.Of(1_000_000), cancel.Token).AsTask();
        byte[] first = new byte[300_000];
        await pipe.ReadExactlyAsync(first).AsTask().TestTime();
        Assert.Equal(TestBytes.Of(1_000_000)[..300_000], first);
        Assert.False(writing.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.TestTime());
        await Assert.ThrowsAsync<IOException>(() => output.WriteAsync(new byte[1]).AsTask().TestTime());
        await Task.Run(output.Dispose).TestTime();
    }

    [Fact]
    public async Task A_pipe_that_nobody_reads_is_an_error()
    {
        var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        await using DescriptorStream output = DescriptorStream.Writer(pipe.ClientSafePipeHandle);
        pipe.SafePipeHandle.Dispose();
        Assert.Contains("pipe", (await Assert.ThrowsAsync<IOException>(() => output.WriteAsync(new byte[1]).AsTask().TestTime())).Message, StringComparison.OrdinalIgnoreCase);
        await pipe.DisposeAsync();
    }

    [Fact]
    public async Task A_terminal_gives_its_lines_and_ends_when_it_hangs_up()
    {
        using var terminal = new PseudoTerminal();
        await using DescriptorStream input = DescriptorStream.Reader(terminal.Near);
        await using DescriptorStream output = DescriptorStream.Writer(terminal.Near);
        byte[] buffer = new byte[100];
        terminal.Type("a line\n");
        Assert.Equal(7, await input.ReadAsync(buffer).AsTask().TestTime());
        await output.WriteAsync("answer"u8.ToArray()).AsTask().TestTime();
        Task<int> reading = input.ReadAsync(buffer).AsTask();
        terminal.Far.Dispose();
        Assert.Equal(0, await reading.TestTime());
    }

    [Fact]
    public async Task Disposing_it_ends_a_read_that_is_under_way_and_leaves_the_descriptor_open()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        DescriptorStream input = DescriptorStream.Reader(pipe.ClientSafePipeHandle);
        Task<int> reading = input.ReadAsync(new byte[1]).AsTask();
        await Task.Run(input.Dispose).TestTime();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.TestTime());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => input.ReadAsync(new byte[1]).AsTask());
        pipe.WriteByte(1);
        Assert.Equal(1, DescriptorCalls.Read((int)pipe.ClientSafePipeHandle.DangerousGetHandle(), new byte[10], 10));
    }
}
