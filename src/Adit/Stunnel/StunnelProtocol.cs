namespace Adit.Stunnel;

/// <summary>What is said in the clear before TLS begins, or, for SOCKS, first thing inside it.</summary>
internal enum StunnelProtocol
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>HTTP CONNECT through a proxy; clients only.</summary>
    Connect,

    /// <summary>IMAP STARTTLS.</summary>
    Imap,

    /// <summary>LDAP's StartTLS; clients only.</summary>
    Ldap,

    /// <summary>NNTP STARTTLS; clients only.</summary>
    Nntp,

    /// <summary>PostgreSQL's SSLRequest.</summary>
    PgSql,

    /// <summary>POP3 STLS.</summary>
    Pop3,

    /// <summary>The PROXY protocol's header for the target; servers only.</summary>
    Proxy,

    /// <summary>SMTP STARTTLS.</summary>
    Smtp,

    /// <summary>SOCKS 4, 4a and 5 inside of TLS.</summary>
    Socks,
}

/// <summary>How a client proves who it is while a protocol is negotiated.</summary>
internal enum StunnelAuthentication
{
    /// <summary>Basic with <c>connect</c>, plain with <c>smtp</c>.</summary>
    Default = 0,

    /// <summary>HTTP's Basic.</summary>
    Basic,

    /// <summary>SASL PLAIN.</summary>
    Plain,

    /// <summary>SASL LOGIN.</summary>
    Login,
}

/// <summary>Which of several targets is tried first.</summary>
internal enum StunnelFailover
{
    /// <summary>The first one that works, in their order.</summary>
    Priority = 0,

    /// <summary>Each in turn.</summary>
    RoundRobin,
}
