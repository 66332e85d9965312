using System.Collections.Concurrent;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Ssh;
using Adit.Ssh.Connection;

namespace Adit.Gateway.Serving;

/// <summary>The session channels of one client, RFC 4254 section 6: refused, but where AditPermitExec lets commands run.</summary>
internal sealed class SessionChannels(GatewayConnection connection) : IAsyncDisposable
{
    public const string ChannelType = "session";
    public const string NoMoreRequest = "no-more-sessions@openssh.com";

    // Nothing is waited for that a kill does not end; should there be such a thing after all, it keeps nobody.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<ExecSession, bool> _running = new();
    private volatile bool _noMore;

    /// <summary>The client wants no more of them: whoever asks for one then is not the client (OpenSSH's PROTOCOL section 2.2).</summary>
    public void RefuseFurther() => _noMore = true;

    public void OnOpen(IncomingChannel channel)
    {
        GatewaySettings settings = connection.Rules.Settings;
        if (!settings.AditPermitExec || settings.MaxSessions == 0)
            Refuse(channel, ChannelOpenFailureReason.AdministrativelyProhibited, "this gateway only forwards connections and has no sessions; use ssh -N");
        else if (_noMore)
            Refuse(channel, ChannelOpenFailureReason.AdministrativelyProhibited, "the client said that it wants no more sessions");
        else if (_running.Count >= settings.MaxSessions)
            Refuse(channel, ChannelOpenFailureReason.ResourceShortage, $"there are {settings.MaxSessions} sessions on this connection (MaxSessions)");
        else
            Begin(channel);
    }

    /// <summary>Ends those that have been silent for as long as they may be, and those whose client is gone.</summary>
    public void Check(DateTimeOffset now)
    {
        foreach (ExecSession session in _running.Keys)
            session.Check(now);
    }

    public async ValueTask DisposeAsync()
    {
        Task ended = Task.WhenAll(_running.Keys.Select(static session => session.DisposeAsync().AsTask()));
        await ended.WaitAsync(EndLimit, connection.Gateway.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!ended.IsCompleted)
            connection.Report(new() { Time = connection.Gateway.Now(), Event = GatewayEventKind.Fault, Detail = $"a command is not gone {EndLimit.TotalSeconds:0} s after it was killed; the connection ends without it" });
    }

    private void Begin(IncomingChannel channel)
    {
        var session = new ExecSession(connection, channel);
        _running[session] = true;
        session.Start(() => _running.TryRemove(session, out _));
    }

    private void Refuse(IncomingChannel channel, ChannelOpenFailureReason reason, string text)
    {
        connection.Report(new() { Time = connection.Gateway.Now(), Event = GatewayEventKind.RequestRefused, Target = "a session", Detail = text });
        channel.Refuse(reason, text);
    }
}
