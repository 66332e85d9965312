namespace Adit.Interop.Tests.Peers;

/// <summary>How a <see cref="StallingRelay"/> ends a connection. Where it ends one half only, the other half hears nothing of it.</summary>
public enum LinkCut
{
    /// <summary>Both ends get a reset.</summary>
    BothReset,

    /// <summary>The client gets a reset, and the server silence.</summary>
    ClientReset,

    /// <summary>The server gets a reset, and the client silence.</summary>
    ServerReset,

    /// <summary>The client is told that no more comes; what it says still reaches the server.</summary>
    ClientEnded,

    /// <summary>The server is told that no more comes; what it says still reaches the client.</summary>
    ServerEnded,
}
