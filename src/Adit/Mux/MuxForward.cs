using System.Globalization;
using Adit.Mux.Messages;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Mux;

/// <summary>The kinds of forwards, by the numbers of the protocol.</summary>
internal enum ForwardKind
{
    /// <summary><c>-L</c></summary>
    Local = 1,

    /// <summary><c>-R</c></summary>
    Remote = 2,

    /// <summary><c>-D</c></summary>
    Dynamic = 3,
}

/// <summary>A forward that a client asks a master for, or wants ended.</summary>
/// <param name="Kind">Which side listens, and whether connections name their target.</param>
/// <param name="Spec">Where to listen and where to go. A bind address that was not written is null: the master's GatewayPorts decides.</param>
internal readonly record struct MuxForward(ForwardKind Kind, ForwardSpec Spec)
{
    // What ssh names as the target of a forward whose connections name theirs; masters compare it.
    private const string Socks = "socks";

    /// <summary>The forward in words, such as <c>-L localhost:5432:db:5432</c>.</summary>
    public override string ToString() => Kind switch
    {
        ForwardKind.Local => $"-L {Spec}",
        ForwardKind.Remote => $"-R {Spec}",
        _ => $"-D {Spec}",
    };

    /// <summary>Understands what came from a client.</summary>
    /// <exception cref="FormatException">It makes no sense; the message says why.</exception>
    internal static MuxForward From(in ForwardFields fields)
    {
        var kind = (ForwardKind)fields.Kind;
        if (kind is not (ForwardKind.Local or ForwardKind.Remote or ForwardKind.Dynamic))
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{fields.Kind} is no kind of forward"));
        ListenSpec listen = fields.ListenPort == ForwardFields.PathPort
            ? ListenSpec.Unix(fields.ListenHost)
            : ListenSpec.Tcp(Port(fields.ListenPort), fields.ListenHost.Length == 0 ? null : fields.ListenHost);
        bool isDynamic = kind == ForwardKind.Dynamic || (kind == ForwardKind.Remote && fields.ConnectPort == 0);
        return new(kind, new(listen, isDynamic ? null : Target(fields.ConnectHost, fields.ConnectPort)));
    }

    /// <summary>The target of a stdio forward or a forward.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static Endpoint Target(string host, uint port)
    {
        if (port == ForwardFields.PathPort)
            return Endpoint.Unix(host);
        return port == 0 ? throw new FormatException("the target has no port") : Endpoint.Tcp(host, Port(port));
    }

    /// <summary>The host and port of a target, as the protocol has them.</summary>
    internal static (string Host, uint Port) Of(Endpoint target) =>
        target.IsUnix ? (target.Path, ForwardFields.PathPort) : (target.Host, (uint)target.Port);

    /// <summary>The forward as the protocol has it.</summary>
    internal ForwardFields ToFields()
    {
        (string host, uint port) = Spec.Target is { } target ? Of(target) : (Socks, 0);
        return Spec.Listen.Path is { } path
            ? new((uint)Kind, path, ForwardFields.PathPort, host, port)
            : new((uint)Kind, Spec.Listen.BindAddress switch { null => "", "" => "*", { } address => address }, (uint)Spec.Listen.Port, host, port);
    }

    private static int Port(uint port) =>
        port <= ushort.MaxValue ? (int)port : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{port} is no port"));
}
