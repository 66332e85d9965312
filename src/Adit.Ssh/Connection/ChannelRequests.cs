namespace Adit.Ssh.Connection;

/// <summary>
/// Our requests on a channel that wait for their replies, which carry no number and come in the requests' order: RFC 4254 section 5.4.
/// Guarded by the channel's lock.
/// </summary>
internal sealed class ChannelRequests
{
    private readonly Queue<TaskCompletionSource<bool>> _waiting = new();

    public Task<bool> Expect()
    {
        var reply = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue(reply);
        return reply.Task;
    }

    /// <summary>False when no reply is due.</summary>
    public bool TryReply(bool success)
    {
        if (!_waiting.TryDequeue(out TaskCompletionSource<bool>? reply))
            return false;
        reply.TrySetResult(success);
        return true;
    }

    /// <summary>Nobody is to wait any more. The replies may still come.</summary>
    public void Fail(Exception failure)
    {
        foreach (TaskCompletionSource<bool> reply in _waiting)
        {
            reply.TrySetException(failure);
            _ = reply.Task.Exception;
        }
    }
}
