using Adit.Interop.Tests.Peers;

namespace Adit.Interop.Tests.Server;

/// <summary>A test of what the gateway does otherwise than sshd, and so not run where that is the server.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GatewayFactAttribute : FactAttribute
{
    public GatewayFactAttribute()
    {
        if (!ServerPeer.IsGateway)
            Skip = "is about the gateway";
    }
}
