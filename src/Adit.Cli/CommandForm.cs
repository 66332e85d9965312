namespace Adit.Cli;

/// <summary>How a command line is put together.</summary>
internal enum CommandForm
{
    /// <summary>As ssh's: what stands behind the destination runs there.</summary>
    Ssh = 0,

    /// <summary><c>adit run</c>: what stands behind the destination runs here, with the tunnel.</summary>
    Run,

    /// <summary><c>adit psql</c>: what stands behind the destination are arguments for psql here, its options too.</summary>
    Psql,
}
