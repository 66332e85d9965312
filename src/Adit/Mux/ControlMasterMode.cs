namespace Adit.Mux;

/// <summary>The values of ssh_config's <c>ControlMaster</c>.</summary>
internal enum ControlMasterMode
{
    /// <summary>Use a master that is there.</summary>
    No = 0,

    /// <summary>Be the master.</summary>
    Yes,

    /// <summary>Be the master, and confirm what clients want.</summary>
    Ask,

    /// <summary>Use a master that is there, else be it.</summary>
    Auto,

    /// <summary>As <see cref="Auto"/>, and as the master confirm what clients want.</summary>
    AutoAsk,
}
