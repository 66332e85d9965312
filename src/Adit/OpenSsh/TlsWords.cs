using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>How far a server's certificate is looked at, in libpq's words (sslmode).</summary>
internal enum TlsMode
{
    /// <summary>TLS has to be there; the certificate is verified only where authorities are configured.</summary>
    Require = 0,

    /// <summary>The certificate has to be from a configured authority.</summary>
    VerifyCa,

    /// <summary>It also has to be for the name of the host.</summary>
    VerifyFull,
}

/// <summary>How TLS begins at a target.</summary>
internal enum TlsBeginning
{
    /// <summary>As PostgreSQL has it: by asking for it.</summary>
    Postgres = 0,

    /// <summary>At once, for PostgreSQL 17 and later.</summary>
    PostgresDirect,

    /// <summary>At once, for anything else.</summary>
    Direct,
}

/// <summary>That the targets of local forwards are spoken to in TLS (AditTargetTls). Immutable plain data.</summary>
/// <param name="Mode">How far the server is verified.</param>
/// <param name="Beginning">How TLS begins.</param>
internal sealed record TargetTls(TlsMode Mode, TlsBeginning Beginning)
{
    /// <summary>As it is written.</summary>
    public override string ToString()
    {
        string mode = Mode switch { TlsMode.VerifyFull => "verify-full", TlsMode.VerifyCa => "verify-ca", _ => "require" };
        return Beginning switch { TlsBeginning.PostgresDirect => mode + " direct", TlsBeginning.Direct => mode + " tls", _ => mode };
    }
}

/// <summary>The proxy over which a server is reached (AditProxy). Immutable plain data.</summary>
/// <param name="IsSocks">SOCKS 5; else HTTP CONNECT.</param>
/// <param name="At">Where it is.</param>
/// <param name="User">The user's name there; null for none.</param>
/// <param name="Password">The password; empty for none.</param>
internal sealed record ProxyAddress(bool IsSocks, Endpoint At, string? User, string Password)
{
    /// <summary>As it is written, without the password.</summary>
    public override string ToString() => $"{(IsSocks ? "socks5" : "http")}://{(User is null ? string.Empty : Uri.EscapeDataString(User) + "@")}{At}";
}
