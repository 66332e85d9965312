namespace Adit.Cli;

/// <summary>What is asked for on a command line.</summary>
internal enum CommandLineRequest
{
    /// <summary>A connection to a destination.</summary>
    Connect = 0,

    /// <summary>The help.</summary>
    Help,

    /// <summary>The version.</summary>
    Version,

    /// <summary>What is configured for the destination (-G).</summary>
    Config,

    /// <summary>A list of algorithms (-Q).</summary>
    Query,

    /// <summary>A word for the master of a shared connection (-O).</summary>
    Control,
}
