namespace Adit.Gateway.Audit;

/// <summary>The log and, where there is one, the audit log. A record that cannot be written is told of in the log.</summary>
internal sealed class GatewayLogs(IGatewayEvents log, AuditLog? audit) : IGatewayEvents
{
    private int _failing;

    /// <inheritdoc/>
    public void Report(GatewayEvent happened)
    {
        log.Report(happened);
        if (audit is null)
            return;
        audit.Report(happened);
        int failing = audit.Failure is null ? 0 : 1;
        if (Interlocked.Exchange(ref _failing, failing) != failing)
        {
            log.Report(new()
            {
                Time = happened.Time,
                Event = GatewayEventKind.Fault,
                Detail = failing == 0 ? "the audit log is written again" : $"the audit log cannot be written: {audit.Failure!.Message}",
            });
        }
    }
}
