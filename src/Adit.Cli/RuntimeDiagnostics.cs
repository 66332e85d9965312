namespace Adit.Cli;

/// <summary>
/// The runtime's port for debuggers, whose files a kill would leave. It is closed by the environment, before there is any code of ours; that
/// is not meant for the programs that adit starts.
/// </summary>
internal static class RuntimeDiagnostics
{
    private const string Setting = "DOTNET_EnableDiagnostics";
    private const string Mark = "ADIT_DIAGNOSTICS";

    private static string? _own;

    /// <summary>Takes adit's own setting out of the environment; one of the user's stays.</summary>
    public static void Forget()
    {
        if (Environment.GetEnvironmentVariable(Mark) is not { } mark)
            return;
        _own = mark;
        Environment.SetEnvironmentVariable(Mark, null);
        Environment.SetEnvironmentVariable(Setting, null);
    }

    /// <summary>Takes the same out of an environment that is not .NET's.</summary>
    public static void UnsetOwn(Action<string> unset)
    {
        if (_own is null)
            return;
        unset(Mark);
        unset(Setting);
    }

    /// <summary>Has another process of adit do without it too, if this one does.</summary>
    public static void PassOn(IDictionary<string, string?> environment)
    {
        if (_own is not { } mark)
            return;
        environment[Mark] = mark;
        environment[Setting] = "0";
    }
}
