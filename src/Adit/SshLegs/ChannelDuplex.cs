using System.Runtime.CompilerServices;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;

namespace Adit.SshLegs;

/// <summary>An SSH channel as a stream of the relay. Its chunks are the memory into which the packets were opened.</summary>
internal sealed class ChannelDuplex(Channel channel) : Duplex
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await channel.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SshException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public override bool TryReadMore(out ReadOnlyMemory<byte> chunk) => channel.TryReadMore(out chunk);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            await channel.WriteAsync(data, cancellationToken).ConfigureAwait(false);
        }
        catch (SshException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken)
    {
        channel.CompleteOutput();
        return default;
    }

    public override bool TellsClose => true;

    public override async Task WaitForCloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await channel.WaitForCloseAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SshException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public override void Abort() => channel.Abort();

    public override ValueTask DisposeAsync() => channel.DisposeAsync();
}
