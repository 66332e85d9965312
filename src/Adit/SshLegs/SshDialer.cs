using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Wording;

namespace Adit.SshLegs;

/// <summary>
/// Dials from the far end of an SSH connection: <c>direct-tcpip</c> to hosts that the server resolves, <c>direct-streamlocal</c> to its
/// Unix sockets. Safe to use from several threads.
/// </summary>
internal sealed class SshDialer : IDialer
{
    // A relay only passes data on, so its reads may go on where the packets arrive.
    private static readonly ChannelOptions ForRelay = new() { ContinueInline = true };

    private readonly SshLink _link;

    internal SshDialer(SshLink link) => _link = link;

    /// <inheritdoc/>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(origin);
        try
        {
            ChannelOptions options = ForRelay with { Description = origin.ToString() };
            Channel channel = target.IsUnix
                ? await _link.Connection.OpenUnixAsync(target.Path, options, cancellationToken).ConfigureAwait(false)
                : await _link.Connection.OpenTcpAsync(target.Host, target.Port, origin.Address, origin.Port, options, cancellationToken)
                    .ConfigureAwait(false);
            return new(new ChannelDuplex(channel), RouteTo(target));
        }
        catch (ChannelOpenException e)
        {
            throw new DialException(target, Failure(e.Reason), Describe(e), e);
        }
        catch (SshException e)
        {
            throw new DialException(target, DialFailure.ConnectionLost, e.Message, e);
        }
    }

    /// <summary>The way to a target that this dialer would go, without going it.</summary>
    public Route RouteTo(Endpoint target) => _link.Route.Then(Leg.Plain(_link.Machine, target));

    internal static DialFailure Failure(ChannelOpenFailureReason reason) => reason switch
    {
        ChannelOpenFailureReason.AdministrativelyProhibited => DialFailure.Prohibited,
        ChannelOpenFailureReason.ConnectFailed => DialFailure.Refused,
        ChannelOpenFailureReason.ResourceShortage => DialFailure.ResourceShortage,
        _ => DialFailure.Other,
    };

    private string Describe(ChannelOpenException e)
    {
        string what = e.Reason switch
        {
            ChannelOpenFailureReason.AdministrativelyProhibited => $"administratively prohibited by {_link.Machine.Name}",
            ChannelOpenFailureReason.ConnectFailed => $"connect failed on {_link.Machine.Name}",
            ChannelOpenFailureReason.ResourceShortage => $"{_link.Machine.Name} is short of resources",
            _ => $"{_link.Machine.Name} refused",
        };
        return $"{what} ({Printable.Text(e.Message)})";
    }
}
