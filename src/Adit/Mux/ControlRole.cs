using Adit.OpenSsh;

namespace Adit.Mux;

/// <summary>What is at the control path.</summary>
internal enum ControlSocketState
{
    /// <summary>Nothing.</summary>
    Absent = 0,

    /// <summary>A socket of this user's on which nobody listens.</summary>
    Dead,

    /// <summary>A socket on which somebody listens, or may.</summary>
    Live,

    /// <summary>Something that is no socket, or a dead socket of another user.</summary>
    Foreign,
}

/// <summary>How a connection takes part in sharing.</summary>
internal enum ControlRole
{
    /// <summary>Not at all: a connection of its own.</summary>
    Plain = 0,

    /// <summary>A connection of its own, although a master was to be made: the path is taken, and people should hear of it.</summary>
    PlainSincePathIsTaken,

    /// <summary>Over the master that is there.</summary>
    Client,

    /// <summary>A connection of its own, which others share.</summary>
    Master,
}

/// <summary>ssh's rules for <c>ControlMaster</c> and <c>ControlPath</c>.</summary>
internal static class ControlSharing
{
    /// <summary>Decides. Only for a login: <c>-O</c> is a client whatever the mode.</summary>
    /// <remarks>One thing is kinder than ssh: with <c>yes</c> and <c>ask</c> too, a dead socket is replaced and not in the way.</remarks>
    internal static ControlRole Decide(ControlMaster mode, ControlSocketState state) => (mode, state) switch
    {
        (ControlMaster.No or ControlMaster.Auto or ControlMaster.AutoAsk, ControlSocketState.Live) => ControlRole.Client,
        (ControlMaster.No, _) => ControlRole.Plain,
        (_, ControlSocketState.Absent or ControlSocketState.Dead) => ControlRole.Master,
        _ => ControlRole.PlainSincePathIsTaken,
    };

    /// <summary>Whether a master of this mode confirms what its clients want.</summary>
    internal static bool Confirms(ControlMaster mode) => mode is ControlMaster.Ask or ControlMaster.AutoAsk;
}
