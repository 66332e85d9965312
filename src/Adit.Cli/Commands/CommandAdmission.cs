using Adit.Relay;

namespace Adit.Cli.Commands;

/// <summary>
/// Admits a command and its descendants. The listener is there before the command, so who comes meanwhile waits until it has begun; then
/// it is nobody of the command's.
/// </summary>
internal sealed class CommandAdmission : Admission
{
    private readonly TaskCompletionSource<Admission?> _known = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal override string? Rule => _known.Task is { IsCompletedSuccessfully: true, Result: { } tree } ? tree.Rule : null;

    /// <summary>The command has begun.</summary>
    public void Begin(int pid)
    {
        try
        {
            _known.TrySetResult(Of(AdmissionRule.Tree(pid)));
        }
        catch (FormatException)
        {
            // It has ended already.
            End();
        }
    }

    /// <summary>There is no command, and there will be none.</summary>
    public void End() => _known.TrySetResult(null);

    public override async ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) =>
        await _known.Task.WaitAsync(cancellationToken) is { } tree
            ? await tree.AdmitAsync(request, cancellationToken)
            : AdmissionVerdict.Refuse("the tunnel admits only a command that has ended");
}
