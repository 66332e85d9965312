using Adit.Ssh.Crypto;

namespace Adit.Ssh.Tests.Crypto;

public sealed class SecretBytesTests
{
    [Fact]
    public void Bytes_are_zeroed_when_disposed_and_then_out_of_reach()
    {
        SecretBytes secret = new(100);
        Assert.Equal(100, secret.Length);
        // A copy of the reference outlives the disposal, as the memory itself does.
        Span<byte> bytes = secret.Span;
        bytes.Fill(0x5a);
        secret.Dispose();
        Assert.False(bytes.ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
        secret.Dispose();
    }

    [Fact]
    public void An_empty_secret_is_allowed_and_a_negative_length_is_not()
    {
        using SecretBytes empty = new(0);
        Assert.True(empty.Span.IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(static () => new SecretBytes(-1));
    }
}
