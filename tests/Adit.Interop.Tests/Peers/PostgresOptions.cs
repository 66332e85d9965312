namespace Adit.Interop.Tests.Peers;

internal sealed record PostgresOptions
{
    /// <summary>Lines of pg_hba.conf that come before all others.</summary>
    public IReadOnlyList<string> Access { get; init; } = [];

    public string ListenAddresses { get; init; } = "127.0.0.1";

    /// <summary>The certificate and its key, in PEM; SSL is off without.</summary>
    public (string Certificate, string Key)? Ssl { get; init; }
}
