namespace Adit.Cli.Commands;

/// <summary>What a forward leads to, as far as its target tells.</summary>
internal enum ServiceKind
{
    /// <summary>Not known.</summary>
    Other = 0,

    /// <summary>PostgreSQL.</summary>
    Postgres,

    /// <summary>MySQL or MariaDB.</summary>
    MySql,

    /// <summary>Redis or Valkey.</summary>
    Redis,
}
