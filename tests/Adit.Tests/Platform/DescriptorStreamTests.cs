using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Adit.Platform;
using Adit.Tests.Sessions;
using Adit.Tests.Shared;
using Microsoft.Win32.SafeHandles;

namespace Adit.Tests.Platform;

[UnsupportedOSPlatform("windows")]
public sealed class DescriptorStreamTests : IDisposable
{
    private readonly DescriptorWaiter _waiter = new();

    public void Dispose() => _waiter.Dispose();

    [Fact]
    public async Task Bytes_come_as_they_are_written_and_the_end_is_read_as_often_as_asked()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using DescriptorStream input = Reader(pipe.ClientSafePipeHandle);
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
        await using (DescriptorStream input = Reader(pipe.ClientSafePipeHandle))
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
        Assert.Equal(5, DescriptorCalls.Read(pipe.ClientSafePipeHandle, later, 10));
        Assert.Equal("later", Encoding.ASCII.GetString(later, 0, 5));
    }

    [Fact]
    public async Task Nothing_is_read_before_somebody_asks()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using (DescriptorStream input = Reader(pipe.ClientSafePipeHandle))
        {
            pipe.Write("one"u8);
            byte[] buffer = new byte[10];
            Assert.Equal(3, await input.ReadAsync(buffer).AsTask().TestTime());
            pipe.Write("two"u8);
        }

        Assert.Equal(3, DescriptorCalls.Read(pipe.ClientSafePipeHandle, new byte[10], 10));
    }

    [Fact]
    public async Task What_a_cancelled_read_had_got_is_there_for_the_next_one()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using DescriptorStream input = Reader(pipe.ClientSafePipeHandle);
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
        DescriptorStream output = Writer(pipe.ClientSafePipeHandle);
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
        await using DescriptorStream output = Writer(pipe.ClientSafePipeHandle);
        pipe.SafePipeHandle.Dispose();
        Assert.Contains("pipe", (await Assert.ThrowsAsync<IOException>(() => output.WriteAsync(new byte[1]).AsTask().TestTime())).Message, StringComparison.OrdinalIgnoreCase);
        await pipe.DisposeAsync();
    }

    [Fact]
    public async Task A_terminal_gives_its_lines_and_ends_when_it_hangs_up()
    {
        using var terminal = new PseudoTerminal();
        await using DescriptorStream input = Reader(terminal.Near);
        await using DescriptorStream output = Writer(terminal.Near);
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
        DescriptorStream input = Reader(pipe.ClientSafePipeHandle);
        Task<int> reading = input.ReadAsync(new byte[1]).AsTask();
        await Task.Run(input.Dispose).TestTime();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.TestTime());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => input.ReadAsync(new byte[1]).AsTask());
        pipe.WriteByte(1);
        Assert.Equal(1, DescriptorCalls.Read(pipe.ClientSafePipeHandle, new byte[10], 10));
    }

    [Fact]
    public async Task A_file_is_read_to_its_end_and_written()
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] data = TestBytes.Of(100_000);
            using (SafeFileHandle written = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
            {
                await using DescriptorStream output = Writer(written);
                await output.WriteAsync(data).AsTask().TestTime();
            }

            using SafeFileHandle read = File.OpenHandle(path);
            await using DescriptorStream input = Reader(read);
            using var received = new MemoryStream();
            await input.CopyToAsync(received).TestTime();
            Assert.Equal(data, received.ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_socket_is_read_and_written_and_stays_as_it_is()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Socket near = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        using Socket far = listener.Accept();
        string flags = FlagsOf(near.SafeHandle);
        await using DescriptorStream input = Reader(near.SafeHandle);
        await using DescriptorStream output = Writer(near.SafeHandle);
        Task<int> reading = input.ReadAsync(new byte[10]).AsTask();
        Assert.False(reading.IsCompleted);
        far.Send("to it"u8);
        Assert.Equal(5, await reading.TestTime());
        byte[] data = TestBytes.Of(3_000_000);
        Task writing = output.WriteAsync(data).AsTask();
        byte[] received = new byte[data.Length];
        await using var stream = new NetworkStream(far);
        await stream.ReadExactlyAsync(received).AsTask().TestTime();
        await writing.TestTime();
        Assert.Equal(data, received);
        Assert.Equal(flags, FlagsOf(near.SafeHandle));
    }

    [Fact]
    public async Task A_read_that_blocks_though_something_was_there_can_be_given_up_and_loses_nothing()
    {
        // With both a count and a time, such a terminal says that it can be read as soon as one byte is there, but waits for the others.
        using var terminal = new PseudoTerminal();
        terminal.Stty("-icanon", "-echo", "min", "3", "time", "255");
        await using DescriptorStream input = Reader(terminal.Near);
        byte[] buffer = new byte[10];
        using var cancel = new CancellationTokenSource();
        terminal.Type("1");
        await Until.Holds(() => terminal.Unread == 1);
        Task<int> reading = input.ReadAsync(buffer, cancel.Token).AsTask();
        await Until.Holds(() => terminal.Unread == 0);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.TestTime());
        terminal.Type("23");
        int count = 0;
        while (count < 3)
            count += await input.ReadAsync(buffer.AsMemory(count)).AsTask().TestTime();
        Assert.Equal("123", Encoding.ASCII.GetString(buffer, 0, count));
    }

    private static string FlagsOf(SafeHandle descriptor) =>
        File.ReadLines($"/proc/self/fdinfo/{descriptor.DangerousGetHandle()}").Single(static line => line.StartsWith("flags:", StringComparison.Ordinal));

    private DescriptorStream Reader(SafeHandle descriptor) => DescriptorStream.Reader(descriptor, _waiter, leaveOpen: true);

    private DescriptorStream Writer(SafeHandle descriptor) => DescriptorStream.Writer(descriptor, _waiter, leaveOpen: true);
}
