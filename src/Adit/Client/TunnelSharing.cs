using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Sessions;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.SshLegs;

namespace Adit.Client;

/// <summary>A tunnel as what a master shares.</summary>
/// <param name="tunnel">The tunnel.</param>
/// <param name="config">Where it leads.</param>
[SupportedOSPlatform("linux")]
internal sealed class TunnelSharing(Tunnel tunnel, HostConfig config) : IMuxTarget
{
    public IDialer Dialer => tunnel.Dialer;

    public SshConnection? Connection => tunnel.Link?.Connection;

    public async ValueTask<int?> OpenForwardAsync(MuxForward forward, CancellationToken cancellationToken)
    {
        ForwardSpec spec = WithGatewayPorts(forward);
        if (tunnel.Forwards.FirstOrDefault(there => there.Direction == DirectionOf(forward) && there.Spec == spec) is { } known)
            return PortOf(known);
        return PortOf(await tunnel.AddAsync(DirectionOf(forward), spec, cancellationToken).ConfigureAwait(false));
    }

    public async ValueTask CloseForwardAsync(MuxForward forward, CancellationToken cancellationToken)
    {
        if (!await tunnel.CancelAsync(DirectionOf(forward), WithGatewayPorts(forward).Listen).ConfigureAwait(false))
            throw new IOException($"there is no forward {forward}");
    }

    public async ValueTask<IMuxSession> OpenSessionAsync(MuxSessionRequest request, MuxStandardStreams streams, CancellationToken cancellationToken)
    {
        if (tunnel.Link is not { } link)
            throw new IOException("the connection is down at the moment");
        var options = new SessionOptions
        {
            Kind = request.IsSubsystem ? SessionKind.Subsystem : request.Command.Length > 0 ? SessionKind.Command : SessionKind.Shell,
            Text = request.Command,
            Terminal = request.WantsTerminal ? TerminalOf(request, streams) : null,
            Environment = SessionEnvironment.Select(Variables(request.Environment), config.SendEnv, config.SetEnv),
        };
        ClientSession session = await ClientSession.OpenAsync(link.Connection, options, cancellationToken).ConfigureAwait(false);
        return new SharedSession(session, tunnel, config, streams, request);
    }

    public string DescribeConnection() => ConnectionText.Connection(tunnel, config, "\n");

    public string DescribeChannels() => OpenConnection.List(ConnectionText.Channels(tunnel)).Replace("\r\n", "\n", StringComparison.Ordinal);

    public string DescribeTunnel() => JsonSerializer.Serialize(TunnelReport.Of(tunnel, config.Alias), TunnelReportJson.Default.TunnelReport);

    public void Terminate() => tunnel.End(CloseReason.Closed, "a client of the control socket ended it");

    private static SessionTerminal TerminalOf(MuxSessionRequest request, MuxStandardStreams streams) => new()
    {
        Term = request.Terminal,
        Size = TerminalDevice.Size(streams.Input.Descriptor),
        Modes = TerminalDevice.Settings(streams.Input.Descriptor)?.Modes() ?? [],
    };

    private static ForwardDirection DirectionOf(MuxForward forward) =>
        forward.Kind is ForwardKind.Remote ? ForwardDirection.Remote : ForwardDirection.Local;

    // Where port 0 was asked for. A local one is of use to a client too, though ssh knows none.
    private static int? PortOf(TunnelForward forward) => forward switch
    {
        { Spec.Listen: not { Port: 0, Path: null } } => null,
        RemoteTunnelForward remote => remote.ChosenPort,
        _ => forward.Endpoints[0].Port,
    };

    private ForwardSpec WithGatewayPorts(MuxForward forward) =>
        config.GatewayPorts && forward.Kind is not ForwardKind.Remote && forward.Spec.Listen is { Path: null, BindAddress: null } loopback
            ? forward.Spec with { Listen = ListenSpec.Tcp(loopback.Port, string.Empty) }
            : forward.Spec;

    private static IEnumerable<KeyValuePair<string, string>> Variables(IEnumerable<string> variables) => variables
        .Select(static variable => variable.Split('=', 2))
        .Where(static pair => pair.Length == 2)
        .Select(static pair => KeyValuePair.Create(pair[0], pair[1]));
}
