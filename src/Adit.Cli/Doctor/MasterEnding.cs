using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Platform;

namespace Adit.Cli.Doctor;

/// <summary>Has a master end itself, as <c>ssh -O exit</c> does.</summary>
/// <param name="socket">Its control socket.</param>
/// <param name="seen">Its process.</param>
[SupportedOSPlatform("linux")]
internal sealed class MasterEnding(string socket, ProcessStatus seen) : IEnding
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<string> EndAsync(CancellationToken cancellationToken)
    {
        using ProcessHandle? process = ProcessHandle.Of(seen);
        if (process is null)
            return "it had ended already";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using MuxClient master = await MuxClient.ConnectAsync(socket, limit.Token);
            // Another one may have come to the path; what it is asked then ends it, and not this one.
            if (await master.CheckAsync(limit.Token) is var pid && pid != seen.Pid)
                throw new EndingException($"another master, process {pid}, listens there now");
            await master.ExitAsync(limit.Token);
        }
        catch (Exception e) when (e is MuxException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new EndingException($"the master does not do as it is asked ({(e is MuxException ? e.Message : "no answer")}); run: kill {seen.Pid}", e);
        }

        return await process.WaitAsync(Patience, cancellationToken) ? "ended" : throw new EndingException($"the master agreed but goes on; run: kill {seen.Pid}");
    }
}
