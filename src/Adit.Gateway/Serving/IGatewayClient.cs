using Adit.Gateway.Audit;

namespace Adit.Gateway.Serving;

/// <summary>A client of a gateway, as what happens to its channels is told.</summary>
internal interface IGatewayClient
{
    /// <summary>Reports what happened, with who it is and from where.</summary>
    void Report(GatewayEvent happened);

    /// <summary>Counts what a channel carried.</summary>
    void Count(long bytesOut, long bytesIn);
}
