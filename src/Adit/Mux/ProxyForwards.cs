using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;

namespace Adit.Mux;

/// <summary>A remote forward that a proxy client asked for.</summary>
internal sealed class ProxyForward(MuxProxy owner, string address, uint port, string? path)
{
    public MuxProxy Owner => owner;

    /// <summary>The address as asked for; of no meaning for a socket.</summary>
    public string Address => address;

    /// <summary>The path of a Unix socket; null for TCP.</summary>
    public string? Path => path;

    /// <summary>The port, once it is known; null where the server said no.</summary>
    public TaskCompletionSource<uint?> Port { get; } = Known(port, path);

    private static TaskCompletionSource<uint?> Known(uint port, string? path)
    {
        var known = new TaskCompletionSource<uint?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (port != 0 || path is not null)
            known.SetResult(port);
        return known;
    }
}

/// <summary>The remote forwards that proxy clients asked for: by them, each gets the channels that are its. Safe to use from several threads.</summary>
internal sealed class ProxyForwards
{
    private readonly Lock _lock = new();
    private readonly List<ProxyForward> _forwards = [];

    internal void Add(ProxyForward forward)
    {
        lock (_lock)
            _forwards.Add(forward);
    }

    internal void Remove(ProxyForward forward)
    {
        lock (_lock)
            _forwards.Remove(forward);
    }

    internal ProxyForward[] Of(MuxProxy owner)
    {
        lock (_lock)
            return [.. _forwards.Where(forward => forward.Owner == owner)];
    }

    /// <summary>The forward of a client by what it calls it.</summary>
    internal ProxyForward? Find(MuxProxy owner, string address, uint port, string? path) =>
        Of(owner).FirstOrDefault(forward => forward.Path == path && (path is not null || (forward.Address == address && PortOf(forward) == port)));

    /// <summary>Hands the channel to whoever asked for its forward. False when nobody did.</summary>
    internal bool TryTake(IncomingChannel channel)
    {
        string address = string.Empty;
        uint port = 0;
        string? path = null;
        switch (channel.Type)
        {
            case DirectTcpip.ForwardedChannelType:
                (address, port, _, _) = DirectTcpip.Read(channel.Fields.Span);
                break;
            case ForwardedStreamLocal.ChannelType:
                path = ForwardedStreamLocal.Read(channel.Fields.Span).SocketPath;
                break;
            default:
                return false;
        }

        ProxyForward? forward;
        lock (_lock)
        {
            // The answer that holds a chosen port may be on its way through another thread while its first connection is here.
            forward = _forwards.Find(one => one.Path == path && (path is not null || (one.Address == address && PortOf(one) == port)))
                ?? (path is null ? _forwards.Find(one => one.Path is null && one.Address == address && !one.Port.Task.IsCompleted) : null);
        }

        return forward is not null && forward.Owner.TryOffer(channel, forward, port);
    }

    private static uint? PortOf(ProxyForward forward) => forward.Port.Task.IsCompletedSuccessfully ? forward.Port.Task.Result : null;
}
