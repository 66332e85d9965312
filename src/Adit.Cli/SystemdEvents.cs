using Adit.Relay;

namespace Adit.Cli;

/// <summary>Tells systemd whether there is a connection, and passes all events on.</summary>
internal sealed class SystemdEvents(Systemd systemd, ITunnelEvents others) : ITunnelEvents
{
    public void Report(TunnelEvent tunnelEvent)
    {
        if (tunnelEvent is LinkLost lost)
            systemd.Status($"connection to {lost.Server} lost, connecting again");
        else if (tunnelEvent is LinkRestored restored)
            systemd.Status($"connected to {restored.Server}");
        others.Report(tunnelEvent);
    }
}
