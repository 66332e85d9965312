using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Tests.Shared;
using Microsoft.Win32.SafeHandles;

namespace Adit.Tests.Mux;

[SupportedOSPlatform("linux")]
public sealed class DescriptorPassingTests : IDisposable
{
    private readonly Socket _sender;
    private readonly Socket _receiver;
    private readonly MuxSocket _mux;

    public DescriptorPassingTests()
    {
        (_sender, _receiver) = UnixPair.Create();
        _mux = new MuxSocket(_receiver);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _mux.Dispose();
    }

    [Fact]
    public async Task A_descriptor_arrives_as_the_same_open_file_and_is_not_inherited_by_programs()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        Assert.True(DescriptorPassing.TrySend(_sender.SafeHandle, pipe.ClientSafePipeHandle));
        SafeFileHandle received = Assert.Single(await _mux.ReadDescriptorsAsync(1, default).AsTask().TestTime());
        Assert.True(RawDescriptors.IsClosedOnExec(received));

        pipe.DisposeLocalCopyOfClientHandle();
        await using (var writer = new FileStream(received, FileAccess.Write))
            await writer.WriteAsync("hello"u8.ToArray());
        using var reader = new StreamReader(pipe);
        Assert.Equal("hello", await reader.ReadToEndAsync().TestTime());
    }

    [Fact]
    public async Task Descriptors_that_are_not_there_yet_are_waited_for()
    {
        Task<SafeFileHandle[]> waiting = _mux.ReadDescriptorsAsync(2, default).AsTask();
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        DescriptorPassing.TrySend(_sender.SafeHandle, pipe.ClientSafePipeHandle);
        Assert.False(waiting.IsCompleted);
        DescriptorPassing.TrySend(_sender.SafeHandle, pipe.ClientSafePipeHandle);
        foreach (SafeFileHandle one in await waiting.TestTime())
            one.Dispose();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(0, 9)]
    [InlineData(0, 20)]
    [InlineData(1, 1)]
    public async Task A_message_that_is_not_one_zero_and_one_descriptor_leaves_nothing_open(byte text, int count)
    {
        using var good = new AnonymousPipeServerStream(PipeDirection.In);
        using var bad = new AnonymousPipeServerStream(PipeDirection.In);
        DescriptorPassing.TrySend(_sender.SafeHandle, good.ClientSafePipeHandle);
        RawDescriptors.Send(_sender, text, [.. Enumerable.Repeat((int)bad.ClientSafePipeHandle.DangerousGetHandle(), count)]);
        good.DisposeLocalCopyOfClientHandle();
        bad.DisposeLocalCopyOfClientHandle();

        await Assert.ThrowsAsync<MuxException>(() => _mux.ReadDescriptorsAsync(3, default).AsTask().TestTime());

        // The end of a pipe comes when the last descriptor of its other end is closed.
        Assert.Equal(-1, await Task.Run(good.ReadByte).TestTime());
        Assert.Equal(-1, await Task.Run(bad.ReadByte).TestTime());
    }

    [Fact]
    public async Task A_sender_that_goes_away_or_a_receiver_that_gives_up_leaves_nothing_open()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        DescriptorPassing.TrySend(_sender.SafeHandle, pipe.ClientSafePipeHandle);
        DescriptorPassing.TrySend(_sender.SafeHandle, pipe.ClientSafePipeHandle);
        pipe.DisposeLocalCopyOfClientHandle();
        using var impatient = new CancellationTokenSource();
        Task<SafeFileHandle[]> waiting = _mux.ReadDescriptorsAsync(2 + 1, impatient.Token).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.TestTime());
        Assert.Equal(-1, await Task.Run(pipe.ReadByte).TestTime());

        Task<SafeFileHandle[]> left = _mux.ReadDescriptorsAsync(1, default).AsTask();
        _sender.Dispose();
        await Assert.ThrowsAsync<MuxException>(() => left.TestTime());
    }

    [Fact]
    public async Task Descriptors_that_hang_on_a_packet_are_closed_by_the_kernel()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        foreach (byte one in (byte[])[0, 0, 0, 1, 42])
            RawDescriptors.Send(_sender, one, (int)pipe.ClientSafePipeHandle.DangerousGetHandle());
        pipe.DisposeLocalCopyOfClientHandle();
        Assert.Equal([42], await _mux.ReadAsync(default).AsTask().TestTime());
        Assert.Equal(-1, await Task.Run(pipe.ReadByte).TestTime());
    }
}
