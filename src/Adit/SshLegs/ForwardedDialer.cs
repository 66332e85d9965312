using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Wording;

namespace Adit.SshLegs;

/// <summary>
/// Carries the connections of a remote forward back to the peer that asked for it: <c>forwarded-tcpip</c>, RFC 4254 section 7.2, and
/// <c>forwarded-streamlocal@openssh.com</c>.
/// </summary>
/// <param name="connection">The SSH connection.</param>
/// <param name="leg">Its leg, from this machine to the peer.</param>
/// <param name="asked">Where the peer asked to listen, in its own words: it finds its forward by them.</param>
internal sealed class ForwardedDialer(SshConnection connection, Leg leg, ListenRequest asked) : IDialer
{
    private static readonly ChannelOptions ForRelay = new() { ContinueInline = true };

    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        (string type, byte[] fields) = asked.Path is { } path
            ? (ForwardedStreamLocal.ChannelType, new ForwardedStreamLocal(path).ToFields())
            : (DirectTcpip.ForwardedChannelType, new DirectTcpip(asked.Address, (uint)asked.Port, origin.Address, (uint)origin.Port).ToFields());
        try
        {
            Channel channel = await connection.OpenAsync(type, fields, ForRelay, cancellationToken).ConfigureAwait(false);
            return new(new ChannelDuplex(channel), new Route(leg));
        }
        catch (ChannelOpenException e)
        {
            throw new DialException(target, SshDialer.Failure(e.Reason), Printable.Text(e.Message), e);
        }
        catch (SshException e)
        {
            throw new DialException(target, DialFailure.ConnectionLost, e.Message, e);
        }
    }
}

/// <summary>What a remote forward listens on, in the words of the peer that asked for it.</summary>
/// <param name="Address">The address as asked for, possibly empty; of no meaning for a socket.</param>
/// <param name="Port">The port, the one that was chosen where 0 was asked for.</param>
/// <param name="Path">The path of a Unix socket; null for TCP.</param>
internal sealed record ListenRequest(string Address, int Port, string? Path)
{
    /// <summary>As people write it.</summary>
    public override string ToString() => Path is not null ? Printable.Text(Path)
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(Address.Length == 0 ? "*" : Printable.Text(Address))}:{Port}");
}
