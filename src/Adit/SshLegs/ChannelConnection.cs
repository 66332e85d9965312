using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Wording;

namespace Adit.SshLegs;

/// <summary>A channel that the peer of an SSH connection wants to open, as an incoming connection of the relay.</summary>
internal sealed class ChannelConnection : IncomingConnection
{
    private static readonly ChannelOptions ForRelay = new() { ContinueInline = true };

    private readonly IncomingChannel _channel;
    private readonly Func<Endpoint> _target;
    private bool _answered;

    private ChannelConnection(IncomingChannel channel, Leg leg, Endpoint local, ConnectionOrigin origin, Func<Endpoint> target)
    {
        _channel = channel;
        _target = target;
        Leg = leg;
        LocalEndpoint = local;
        Origin = origin;
    }

    public override ConnectionOrigin Origin { get; }

    public override Endpoint LocalEndpoint { get; }

    public override Leg Leg { get; }

    /// <summary>Whether it leads to a socket of this machine.</summary>
    public bool IsStreamLocal => _channel.Type is DirectStreamLocal.ChannelType;

    /// <summary>A direct-tcpip or direct-streamlocal channel; null for another type.</summary>
    /// <param name="channel">What the peer asks for.</param>
    /// <param name="leg">The SSH connection that it comes over.</param>
    /// <param name="local">This end of that connection.</param>
    /// <exception cref="SshFormatException">The fields are malformed.</exception>
    public static ChannelConnection? Direct(IncomingChannel channel, Leg leg, Endpoint local)
    {
        switch (channel.Type)
        {
            case DirectTcpip.ChannelType:
                DirectTcpip tcp = DirectTcpip.Read(channel.Fields.Span);
                var origin = new ConnectionOrigin(Printable.Text(tcp.OriginatorAddress), (int)Math.Min(tcp.OriginatorPort, ushort.MaxValue));
                return new(channel, leg, local, origin, () => tcp.Port is > 0 and <= ushort.MaxValue
                    ? Endpoint.Tcp(tcp.Host, (int)tcp.Port)
                    : throw new FormatException($"{tcp.Port} is not a port"));
            case DirectStreamLocal.ChannelType:
                DirectStreamLocal unix = DirectStreamLocal.Read(channel.Fields.Span);
                return new(channel, leg, local, new ConnectionOrigin(leg.From, 0), () => Endpoint.Unix(unix.SocketPath));
            default:
                return null;
        }
    }

    /// <summary>A forwarded-tcpip or forwarded-streamlocal channel, which names no target.</summary>
    /// <param name="channel">What the peer asks for.</param>
    /// <param name="leg">The SSH connection that it comes over.</param>
    /// <param name="listening">Where the peer listens.</param>
    /// <param name="origin">Who connected there.</param>
    public static ChannelConnection Forwarded(IncomingChannel channel, Leg leg, Endpoint listening, ConnectionOrigin origin) =>
        new(channel, leg, listening, origin, static () => throw new FormatException("connections of remote forwards name no target"));

    public override ValueTask<Endpoint> NameTargetAsync(CancellationToken cancellationToken)
    {
        try
        {
            return new(_target());
        }
        catch (FormatException e)
        {
            return ValueTask.FromException<Endpoint>(new IOException(e.Message, e));
        }
    }

    public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken)
    {
        _answered = true;
        try
        {
            return new(new ChannelDuplex(_channel.Accept(ForRelay)));
        }
        catch (SshException e)
        {
            return ValueTask.FromException<Duplex>(new IOException(e.Message, e));
        }
    }

    public override ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
    {
        _answered = true;
        (ChannelOpenFailureReason reason, string text) = Answer(refusal);
        _channel.Refuse(reason, text);
        return default;
    }

    // The peer hears the kind of failure, in OpenSSH's words; rules and addresses of this side are for its own log.
    private static (ChannelOpenFailureReason Reason, string Text) Answer(Refusal refusal) => refusal switch
    {
        { Kind: RefusalKind.NotAdmitted } or { Failure: DialFailure.Prohibited } =>
            (ChannelOpenFailureReason.AdministrativelyProhibited, "not permitted by the rules of this server"),
        { Kind: RefusalKind.NoTarget } => (ChannelOpenFailureReason.AdministrativelyProhibited, refusal.Reason),
        { Kind: RefusalKind.TooManyConnections } or { Failure: DialFailure.ResourceShortage } =>
            (ChannelOpenFailureReason.ResourceShortage, "too many connections"),
        _ => (ChannelOpenFailureReason.ConnectFailed, refusal.Failure switch
        {
            DialFailure.Refused => "Connection refused",
            DialFailure.Unreachable => "No route to host",
            DialFailure.NameNotFound => "unknown host or path",
            DialFailure.TimedOut => "Connection timed out",
            _ => "open failed",
        }),
    };

    public override ValueTask DisposeAsync()
    {
        if (!_answered)
        {
            _answered = true;
            _channel.Refuse(ChannelOpenFailureReason.ConnectFailed, "given up");
        }

        return default;
    }
}
