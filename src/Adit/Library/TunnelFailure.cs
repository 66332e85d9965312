using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Adit.Wording;

namespace Adit;

/// <summary>What went wrong below, as users of the library get to know it. Makes a new exception for each who waits.</summary>
internal static class TunnelFailure
{
    /// <summary>A tunnel could not be opened.</summary>
    /// <returns>Null for what is no failure of a tunnel, such as a cancellation.</returns>
    public static AditException? OfOpening(Exception cause) => cause switch
    {
        ConfigException or FormatException => new TunnelConfigurationException(cause.Message, cause),
        TunnelConfigurationException e => new TunnelConfigurationException(e.Message, e),
        DialException e => new HostUnreachableException(Printable.Text(e.Message), e.Failure, e),
        SshHostKeyException e => new HostKeyRefusedException(Printable.Text(e.Message, keepLines: true), e.HostKey.Fingerprint, e),
        SshAuthException e => new AuthenticationFailedException(Printable.Text(e.Message, keepLines: true), e.Tried, e.ServerMethods, e),
        SshException => new HandshakeFailedException(Printable.Text(cause.Message, keepLines: true), cause),
        IOException or UnauthorizedAccessException => new TunnelConfigurationException(cause.Message, cause),
        _ => null,
    };

    /// <summary>A target could not be reached over a tunnel.</summary>
    public static AditException OfDialling(DialException cause) => cause.Failure is DialFailure.ConnectionLost
        ? new TunnelDownException(Printable.Text(cause.Message), cause)
        : new TargetUnreachableException(Printable.Text(cause.Message), cause.Target.ToString(), cause.Failure, cause);

    /// <summary>A tunnel has ended.</summary>
    public static AditException OfEnd(string destination, SshClosedException cause) => cause switch
    {
        { InnerException: SshHostKeyException or SshAuthException } => OfOpening(cause.InnerException)!,
        _ => new TunnelEndedException($"the tunnel to {destination} has ended: {Printable.Text(cause.Message)}", cause),
    };

    /// <summary>The word for metrics and traces: <c>error.type</c>.</summary>
    public static string Word(Exception failure) => failure switch
    {
        DialException e => Word(e.Failure),
        HostUnreachableException e => Word(e.Failure),
        TargetUnreachableException e => Word(e.Failure),
        OperationCanceledException => "cancelled",
        HostKeyRefusedException or SshHostKeyException => "host_key_refused",
        AuthenticationFailedException or SshAuthException => "authentication_failed",
        TunnelConfigurationException or ConfigException => "configuration",
        TunnelDownException => "connection_lost",
        TunnelEndedException => "ended",
        _ => "_OTHER",
    };

    /// <summary>The same for a dial.</summary>
    public static string Word(DialFailure failure) => failure switch
    {
        DialFailure.Refused => "refused",
        DialFailure.Unreachable => "unreachable",
        DialFailure.NameNotFound => "name_not_found",
        DialFailure.TimedOut => "timed_out",
        DialFailure.Prohibited => "prohibited",
        DialFailure.ResourceShortage => "resource_shortage",
        DialFailure.ConnectionLost => "connection_lost",
        _ => "_OTHER",
    };
}
