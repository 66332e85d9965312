namespace Adit.Cli.Tls;

/// <summary>What <c>adit tls</c> is to do.</summary>
internal enum TlsRequest
{
    /// <summary>Serve what is configured.</summary>
    Serve = 0,

    /// <summary>Read what is configured and all its files, and end (--check).</summary>
    Check,

    /// <summary>Print the options of stunnel and what becomes of them (--options).</summary>
    Options,

    /// <summary>Print the version.</summary>
    Version,

    /// <summary>Print the help.</summary>
    Help,
}
