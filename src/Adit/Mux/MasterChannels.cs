using System.Runtime.Versioning;
using Adit.Ssh;
using Adit.Ssh.Connection;

namespace Adit.Mux;

/// <summary>Gives what the server of a shared connection opens to the client of the master that asked for it (<c>-O proxy</c> with <c>-R</c>).</summary>
internal sealed class MasterChannels : IConnectionHandler
{
    private volatile Func<IncomingChannel, bool>? _take;

    /// <summary>There is a master from here on.</summary>
    [SupportedOSPlatform("linux")]
    public void Attach(MuxMaster master) => _take = master.TryTake;

    void IConnectionHandler.OnChannelOpen(IncomingChannel channel)
    {
        if (_take?.Invoke(channel) != true)
            channel.Refuse(ChannelOpenFailureReason.AdministrativelyProhibited, "not asked for");
    }

    void IConnectionHandler.OnGlobalRequest(IncomingRequest request) => request.Fail();
}
