namespace Adit.OpenSsh;

/// <summary>How much is said, ssh_config(5) LogLevel; each level says what those before it say.</summary>
internal enum LogVerbosity
{
    /// <summary>Nothing.</summary>
    Quiet = 0,

    /// <summary>Why the end came.</summary>
    Fatal,

    /// <summary>Failures.</summary>
    Error,

    /// <summary>What one should know.</summary>
    Info,

    /// <summary>More of it.</summary>
    Verbose,

    /// <summary>-v</summary>
    Debug1,

    /// <summary>-vv</summary>
    Debug2,

    /// <summary>-vvv</summary>
    Debug3,
}
