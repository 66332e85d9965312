using Adit.OpenSsh;
using Adit.Postgres;
using Adit.Relay;
using Adit.Tls;

namespace Adit.Client;

/// <summary>TLS from here to the targets of local forwards (AditTargetTls), at the end of whatever leads there.</summary>
internal sealed class TargetProtection
{
    private readonly TlsClientSettings _settings;
    private readonly bool _isPostgres;

    private TargetProtection(TlsClientSettings settings, bool isPostgres)
    {
        _settings = settings;
        _isPostgres = isPostgres;
    }

    /// <summary>Reads the files that are configured; null where nothing is.</summary>
    /// <exception cref="TlsFileException">A file cannot be used, or there are no authorities to verify by.</exception>
    public static TargetProtection? Load(HostConfig config)
    {
        if (config.TargetTls is not { } tls)
            return null;
        bool isPostgres = tls.Beginning is not TlsBeginning.Direct;
        (TlsTrust trust, TlsCredential? credential) = LibpqTls.Load(
            tls.Mode is not TlsMode.Require,
            tls.Mode is TlsMode.VerifyFull,
            config.TargetTlsRoot ?? (isPostgres ? null : LibpqTls.SystemRoot),
            config.TargetTlsCert,
            config.TargetTlsKey,
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify));
        return new(new()
        {
            Trust = config.ExpectCert is { } fingerprint ? trust with { Fingerprints = [fingerprint] } : trust,
            Credential = credential,
            Alpn = isPostgres ? [PostgresOpening.Alpn] : [],
            Opening = isPostgres ? new PostgresOpening { IsDirect = tls.Beginning is TlsBeginning.PostgresDirect } : null,
        }, isPostgres);
    }

    /// <summary>Dials in TLS what another dialer reaches.</summary>
    public IDialer Over(IDialer dialer) => new TlsDialer(dialer, _settings);

    /// <summary>Answers a PostgreSQL client that asks for TLS that there is none: it is spoken from here on, not by the client.</summary>
    public IListener Front(IListener listener) => _isPostgres
        ? new TlsListener(listener, static () => PostgresOpening.NoTls)
        : listener;

    /// <summary>The way to a target, with what will be asked of it.</summary>
    public Route Of(Route plain, Endpoint target) =>
        plain.EndingIn(plain.Legs[^1] with { Protection = LegProtection.Tls, Verification = _settings.Trust.Intention(target.Host) });
}
