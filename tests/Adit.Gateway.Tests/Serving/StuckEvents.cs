using Adit.Gateway.Audit;

namespace Adit.Gateway.Tests.Serving;

/// <summary>Holds whoever tells of one kind of event.</summary>
internal sealed class StuckEvents(GatewayEventKind kind) : IGatewayEvents, IDisposable
{
    private readonly ManualResetEventSlim _free = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IGatewayEvents? _inner;

    public Task Reached => _reached.Task;

    public IGatewayEvents Before(IGatewayEvents inner)
    {
        _inner = inner;
        return this;
    }

    public void Report(GatewayEvent happened)
    {
        _inner!.Report(happened);
        if (happened.Event != kind)
            return;
        _reached.TrySetResult();
        _free.Wait();
    }

    public void Dispose() => _free.Set();
}
