using Adit.OpenSsh;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;

namespace Adit.Client;

/// <summary>
/// Takes over the host keys that the server of one connection announces (ssh_config(5) UpdateHostKeys), in a task of its own. What the server
/// opens or asks for besides goes to another handler.
/// </summary>
/// <param name="others">Serves the rest; null refuses it.</param>
internal sealed class AnnouncedHostKeys(IConnectionHandler? others) : IConnectionHandler, IAsyncDisposable
{
    private readonly TaskCompletionSource<ReadOnlyMemory<byte>> _announced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _end = new();
    private Task _following = Task.CompletedTask;

    /// <summary>Follows the announcement, be it there already or not.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="update">What is done about it.</param>
    /// <param name="debug">Told why nothing was done, or not all.</param>
    public void Follow(SshConnection connection, HostKeyUpdate update, Action<string> debug) => _following = FollowAsync(connection, update, debug);

    /// <summary>Waits until what was announced at the login is dealt with, the user's answer included. At once where nothing was.</summary>
    /// <exception cref="SshException">The connection ended.</exception>
    public async Task SettledAsync(SshConnection connection, CancellationToken cancellationToken)
    {
        // The server announces its keys before it answers anything.
        await connection.RequestAsync("keepalive@openssh.com", [], cancellationToken).ConfigureAwait(false);
        if (_announced.Task.IsCompleted)
            await _following.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        _end.Dispose();
    }

    void IConnectionHandler.OnChannelOpen(IncomingChannel channel)
    {
        if (others is not null)
            others.OnChannelOpen(channel);
        else
            channel.Refuse(ChannelOpenFailureReason.AdministrativelyProhibited, "not asked for");
    }

    void IConnectionHandler.OnGlobalRequest(IncomingRequest request)
    {
        if (request.Name is HostKeyAnnouncement.RequestName)
        {
            _announced.TrySetResult(request.Fields);
            request.Succeed();
        }
        else if (others is not null)
        {
            others.OnGlobalRequest(request);
        }
        else
        {
            request.Fail();
        }
    }

    private async Task FollowAsync(SshConnection connection, HostKeyUpdate update, Action<string> debug)
    {
        try
        {
            ReadOnlyMemory<byte> announcement = await _announced.Task.WaitAsync(_end.Token).ConfigureAwait(false);
            HostKeyUpdateResult result = await update.RunAsync(connection, announcement, _end.Token).ConfigureAwait(false);
            if (result.Reason is { } reason)
                debug($"the host keys that the server announced are not taken over: {reason}");
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The connection ends.
        }
    }
}
