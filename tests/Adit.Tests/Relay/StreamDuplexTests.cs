using System.IO.Pipes;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

public sealed class StreamDuplexTests
{
    [Fact]
    public async Task Pipes_carry_bytes_and_the_end_of_each_direction()
    {
        (StreamDuplex near, StreamDuplex far) = PipePair();
        await using StreamDuplex n = near;
        await using StreamDuplex f = far;
        byte[] data = TestBytes.Of(300_000);
        Task sending = near.SendAsync(data, complete: true);
        Assert.Equal(data, await far.ReadToEndAsync().TestTime());
        await sending.TestTime();
        await far.SendAsync([1, 2], complete: true);
        Assert.Equal([1, 2], await near.ReadToEndAsync().TestTime());
    }

    [Fact]
    public async Task Tls_over_a_duplex_is_a_duplex_again()
    {
        using X509Certificate2 certificate = TestAuthority.SelfSigned("CN=db");
        (MemoryDuplex clientEnd, MemoryDuplex serverEnd) = MemoryDuplex.Pair(1000);
        SslStream client = new(new DuplexStream(clientEnd));
        SslStream server = new(new DuplexStream(serverEnd));
        await Task.WhenAll(
            client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "db",
                RemoteCertificateValidationCallback = (_, presented, _, _) =>
                    presented!.GetRawCertData().AsSpan().SequenceEqual(certificate.RawData),
            }),
            server.AuthenticateAsServerAsync(certificate)).TestTime();
        await using StreamDuplex near = Over(client, clientEnd);
        await using StreamDuplex far = Over(server, serverEnd);

        byte[] data = TestBytes.Of(200_000);
        Task sending = near.SendAsync(data, complete: true);
        Assert.Equal(data, await far.ReadToEndAsync().TestTime());
        await sending.TestTime();
        Task answering = far.SendAsync(data, complete: true);
        Assert.Equal(data, await near.ReadToEndAsync().TestTime());
        await answering.TestTime();
    }

    [Fact]
    public async Task An_abort_ends_a_waiting_read_and_what_comes_after()
    {
        (MemoryDuplex nearEnd, MemoryDuplex farEnd) = MemoryDuplex.Pair();
        DuplexStream stream = new(nearEnd);
        await using StreamDuplex near = new(stream, stream, stream.CompleteWritingAsync, stream.Abort);
        Task<ReadOnlyMemory<byte>> reading = near.ReadAsync(default).AsTask();
        near.Abort();
        near.Abort();
        await Assert.ThrowsAsync<IOException>(() => reading.TestTime());
        await Assert.ThrowsAsync<IOException>(async () => await near.WriteAsync(new byte[1], default));
        await Assert.ThrowsAsync<IOException>(async () => await farEnd.ReadAsync(default));
    }

    [Fact]
    public async Task A_disposed_stream_is_an_error_of_the_connection()
    {
        (StreamDuplex near, StreamDuplex far) = PipePair();
        await using StreamDuplex f = far;
        near.Abort();
        await Assert.ThrowsAsync<IOException>(async () => await near.ReadAsync(default));
        await Assert.ThrowsAsync<IOException>(async () => await near.WriteAsync(new byte[1], default));
    }

    [Fact]
    public async Task A_stream_over_a_duplex_reads_in_any_portions_and_ends()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.Pair();
        await using DuplexStream stream = new(near);
        await far.SendAsync([1, 2, 3, 4, 5], complete: true);
        byte[] buffer = new byte[2];
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty));
        Assert.Equal(2, await stream.ReadAsync(buffer));
        Assert.Equal(2, await stream.ReadAsync(buffer));
        Assert.Equal(1, await stream.ReadAsync(buffer));
        Assert.Equal(5, buffer[0]);
        Assert.Equal(0, await stream.ReadAsync(buffer));
        Assert.Equal(0, await stream.ReadAsync(buffer));
    }

    [Fact]
    public void One_stream_for_both_directions_needs_a_way_to_end_one()
    {
        using MemoryStream stream = new();
        Assert.Throws<ArgumentException>(() => new StreamDuplex(stream, stream));
    }

    private static StreamDuplex Over(SslStream tls, MemoryDuplex end) =>
        new(tls, tls, _ => new(tls.ShutdownAsync()), end.Abort);

    private static (StreamDuplex Near, StreamDuplex Far) PipePair()
    {
        AnonymousPipeServerStream there = new(PipeDirection.Out);
        AnonymousPipeServerStream back = new(PipeDirection.Out);
        AnonymousPipeClientStream thereEnd = new(PipeDirection.In, there.ClientSafePipeHandle);
        AnonymousPipeClientStream backEnd = new(PipeDirection.In, back.ClientSafePipeHandle);
        return (new(backEnd, there), new(thereEnd, back));
    }
}
