namespace Adit.Mux;

/// <summary>How a master serves. Immutable.</summary>
internal sealed record MuxMasterOptions
{
    /// <summary>The defaults.</summary>
    public static MuxMasterOptions Default { get; } = new();

    /// <summary>What people call the server, for the questions.</summary>
    public string Name { get; init; } = "the server";

    /// <summary>Asks a person for leave (ControlMaster ask and autoask); null where nobody is asked.</summary>
    public Func<string, CancellationToken, ValueTask<bool>>? Confirm { get; init; }

    /// <summary>Whether clients may open sessions and forwards, besides asking what there is and ending it. Default yes.</summary>
    public bool MayBeUsed { get; init; } = true;

    /// <summary>How many clients may be connected at once: 1024 by default.</summary>
    public int MaxClients { get; init; } = 1024;

    /// <summary>Called with the number of clients whenever it changes, for ControlPersist.</summary>
    public Action<int>? ClientsChanged { get; init; }

    /// <summary>Takes what there is to tell with <c>-v</c>.</summary>
    public Action<string>? Log { get; init; }
}
