using System.IO.Pipes;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Tests.Shared;
using Microsoft.Win32.SafeHandles;

namespace Adit.Tests.Relay;

/// <summary>Streams over descriptors that another process handed over.</summary>
[SupportedOSPlatform("linux")]
public sealed class OwnedDescriptorTests : IDisposable
{
    private readonly DescriptorWaiter _waiter = new();

    public void Dispose() => _waiter.Dispose();

    [Fact]
    public async Task What_is_in_a_pipe_is_read_and_then_its_end()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using DescriptorStream stream = Reader(pipe);
        byte[] block = new byte[16];
        Task<int> reading = stream.ReadAsync(block).AsTask();
        Assert.False(reading.IsCompleted);
        pipe.Write("hello"u8);
        Assert.Equal(5, await reading.TestTime());
        pipe.Dispose();
        Assert.Equal(0, await stream.ReadAsync(block).AsTask().TestTime());
    }

    [Fact]
    public async Task A_wait_ends_with_its_token_and_takes_nothing()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using DescriptorStream stream = Reader(pipe);
        using var impatient = new CancellationTokenSource();
        Task<int> reading = stream.ReadAsync(new byte[16], impatient.Token).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.TestTime());
        pipe.Write("kept"u8);
        Assert.Equal(4, await stream.ReadAsync(new byte[16]).AsTask().TestTime());
    }

    [Fact]
    public async Task Closing_ends_a_wait()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        DescriptorStream stream = Reader(pipe);
        Task<int> reading = stream.ReadAsync(new byte[16]).AsTask();
        await stream.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.TestTime());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.ReadAsync(new byte[16]).AsTask());
    }

    [Fact]
    public async Task A_slow_reader_makes_the_writer_wait_and_gets_everything()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        byte[] sent = TestBytes.Of(1_000_003);
        Task writing = WriteAsync(Writer(pipe), sent);
        pipe.DisposeLocalCopyOfClientHandle();
        using var received = new MemoryStream();
        await pipe.CopyToAsync(received).TestTime();
        await writing.TestTime();
        Assert.Equal(sent, received.ToArray());

        static async Task WriteAsync(DescriptorStream stream, byte[] bytes)
        {
            await using (stream)
                await stream.WriteAsync(bytes);
        }
    }

    [Fact]
    public async Task A_reader_that_went_away_fails_the_writer()
    {
        var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        await using DescriptorStream stream = Writer(pipe);
        Task writing = stream.WriteAsync(new byte[1024 * 1024]).AsTask();
        Assert.False(writing.IsCompleted);
        await pipe.DisposeAsync();
        IOException e = await Assert.ThrowsAsync<IOException>(() => writing.TestTime());
        Assert.Contains("nobody reads", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_the_waiter_ends_every_wait()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        await using DescriptorStream stream = Reader(pipe);
        Task<int> reading = stream.ReadAsync(new byte[16]).AsTask();
        _waiter.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.TestTime());
    }

    private DescriptorStream Reader(AnonymousPipeServerStream pipe) => DescriptorStream.Reader(HandedOver(pipe), _waiter);

    private DescriptorStream Writer(AnonymousPipeServerStream pipe) => DescriptorStream.Writer(HandedOver(pipe), _waiter);

    // A descriptor of its own, as one that was handed over is.
    private static SafeFileHandle HandedOver(AnonymousPipeServerStream pipe)
    {
        var handed = new SafeFileHandle(pipe.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: true);
        pipe.ClientSafePipeHandle.SetHandleAsInvalid();
        return handed;
    }
}
