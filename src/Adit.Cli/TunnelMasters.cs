using System.Runtime.Versioning;
using Adit.Client;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Cli;

/// <summary>The sockets by which other processes use and see a tunnel: its ControlPath, and its place in the list of <c>adit ls</c>.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TunnelMasters : IAsyncDisposable
{
    private readonly MuxMaster? _shared;
    private readonly MuxMaster? _listed;

    private TunnelMasters(MuxMaster? shared, MuxMaster? listed) => (_shared, _listed) = (shared, listed);

    /// <summary>Whether others can use the connection by its ControlPath.</summary>
    public bool IsShared => _shared is not null;

    /// <summary>Opens those that are configured and can be opened. The tunnel is of use without them, as with ssh.</summary>
    public static TunnelMasters Open(Tunnel tunnel, HostConfig config, MasterChannels channels, bool terminalIsFree, bool isCommands, Output output)
    {
        var sharing = new TunnelSharing(tunnel, config);
        MuxMaster? shared = Shared(tunnel, sharing, config, terminalIsFree, output);
        if (shared is not null)
            channels.Attach(shared);
        return new(shared, Listed(sharing, config, isCommands, output));
    }

    public async ValueTask DisposeAsync()
    {
        if (_listed is not null)
            await _listed.DisposeAsync();
        if (_shared is not null)
            await _shared.DisposeAsync();
    }

    // ssh_config(5): ControlMaster, ControlPath.
    private static MuxMaster? Shared(Tunnel tunnel, TunnelSharing sharing, HostConfig config, bool terminalIsFree, Output output)
    {
        if (config.ControlPath is not { } path || config.ControlMaster is ControlMaster.No)
            return null;
        try
        {
            return MuxMaster.Listen(path, sharing, new()
            {
                Name = config.Alias,
                Confirm = ControlSharing.Confirms(config.ControlMaster) ? (question, token) => Prompt.ConfirmAsync(question, terminalIsFree, token) : null,
                ClientsChanged = tunnel.SetUsers,
                Log = output.Debug,
            });
        }
        catch (MuxException e)
        {
            // Another process was faster, and whoever waits for this one shares its connection.
            if (Background.Child is { IsMaster: true } && ControlSocketFile.Look(path) is ControlSocketState.Live)
                output.Debug(e.Message);
            else
                output.Notice($"{e.Message}; this connection is not shared");
            return null;
        }
    }

    // What has a forward, or is there for nothing else, can be seen and ended from elsewhere.
    private static MuxMaster? Listed(TunnelSharing sharing, HostConfig config, bool isCommands, Output output)
    {
        bool hasForwards = !config.LocalForwards.IsEmpty || !config.RemoteForwards.IsEmpty || !config.DynamicForwards.IsEmpty;
        // Its clients are processes of this user, of which a rule may admit only some.
        bool admitsUser = !isCommands && (config.Admit is not { Value.Terms: var terms } || terms.Any(static term => term is SameUserTerm or AnyTerm));
        if (config.StdioForward is not null || (!hasForwards && config.SessionType is not SessionType.None))
            return null;
        try
        {
            return MuxMaster.Listen(TunnelFolder.Prepare(), sharing, new() { Name = config.Alias, Log = output.Debug, MayBeUsed = admitsUser });
        }
        catch (Exception e) when (e is MuxException or IOException or UnauthorizedAccessException)
        {
            output.Debug($"adit ls will not show this tunnel: {e.Message}");
            return null;
        }
    }
}
