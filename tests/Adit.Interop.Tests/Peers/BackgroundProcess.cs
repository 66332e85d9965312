namespace Adit.Interop.Tests.Peers;

/// <summary>A process that left its starter, and so would outlive the test.</summary>
internal sealed class BackgroundProcess(ProcessEntry entry) : IAsyncDisposable
{
    public int Pid => entry.Pid;

    public bool HasExited => !ProcessTree.IsAlive(entry);

    public Task UntilExitAsync() => Patience.UntilAsync(() => HasExited, $"{entry.Command}, process {Pid}, should end");

    public async ValueTask DisposeAsync()
    {
        ProcessTree.KillIfAlive(entry);
        await UntilExitAsync();
    }
}
