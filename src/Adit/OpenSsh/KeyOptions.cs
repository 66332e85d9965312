using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using Adit.Relay;
using Adit.Ssh.Keys;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>
/// What a key may be used for: the options of a line of authorized_keys or of a principals file, or those of a certificate. Immutable.
/// </summary>
internal sealed record KeyOptions
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>No options: everything is permitted.</summary>
    public static KeyOptions None { get; } = new();

    /// <summary>Whether ports may be forwarded.</summary>
    public bool PermitPortForwarding { get; init; } = true;

    /// <summary>Whether the agent may be forwarded.</summary>
    public bool PermitAgentForwarding { get; init; } = true;

    /// <summary>Whether X11 may be forwarded.</summary>
    public bool PermitX11Forwarding { get; init; } = true;

    /// <summary>Whether a terminal may be had.</summary>
    public bool PermitPty { get; init; } = true;

    /// <summary>Whether ~/.ssh/rc may be run.</summary>
    public bool PermitUserRc { get; init; } = true;

    /// <summary>
    /// Where local forwards may go: <c>host:port</c>, the host literal or <c>*</c>, the port a number or <c>*</c>, IPv6 addresses in
    /// brackets. Empty for anywhere; <c>none</c> alone for nowhere, which only <see cref="Merge"/> makes.
    /// </summary>
    public ImmutableArray<string> PermitOpen { get; init; } = [];

    /// <summary>
    /// Where remote forwards may listen: <c>host:port</c>, the host a pattern, the port a number or <c>*</c>. Empty for anywhere;
    /// <c>none</c> alone for nowhere, which only <see cref="Merge"/> makes.
    /// </summary>
    public ImmutableArray<string> PermitListen { get; init; } = [];

    /// <summary>Where a connection must come from; null for anywhere.</summary>
    public AddressPatternList? From { get; init; }

    /// <summary>When the options cease to permit anything; null for never.</summary>
    public DateTimeOffset? Expiry { get; init; }

    /// <summary>Whether the key signs certificates, and is none to log in with.</summary>
    public bool CertAuthority { get; init; }

    /// <summary>The principals of which a certificate must have one; empty for the user's name.</summary>
    public ImmutableArray<string> Principals { get; init; } = [];

    /// <summary>The command that is run instead of what is asked for; null for none.</summary>
    public string? Command { get; init; }

    /// <summary>The environment, without names that repeat.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>The tun device, a number or <c>any</c>; null for none.</summary>
    public string? Tunnel { get; init; }

    /// <summary>Whether a security key need not be touched.</summary>
    public bool NoTouchRequired { get; init; }

    /// <summary>Reads options as written in front of a key, with commas and without blanks between; at most 8 KiB.</summary>
    /// <exception cref="FormatException">They cannot be understood, or ask for what is not served; the message says why.</exception>
    public static KeyOptions Parse(string text) => new KeyOptionsReader(text).Read();

    /// <summary>What a user's certificate permits.</summary>
    /// <exception cref="FormatException">It is no user's, or has options that cannot be understood; the message says which.</exception>
    public static KeyOptions FromCertificate(SshCertificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (certificate.Kind is not CertificateKind.User)
            throw new FormatException("the certificate is a host's, not a user's");
        var options = new KeyOptions
        {
            PermitPortForwarding = false,
            PermitAgentForwarding = false,
            PermitX11Forwarding = false,
            PermitPty = false,
            PermitUserRc = false,
        };
        foreach ((string name, byte[] data) in certificate.CriticalOptions)
        {
            options = name switch
            {
                "force-command" => options with { Command = ReadText(name, data) },
                "source-address" => options with { From = AddressPatternList.ParseCidrOnly(ReadText(name, data)) },
                "verify-required" => throw new FormatException("the certificate asks for a security key (verify-required), and those are not served"),
                _ => throw new FormatException($"the certificate has the unknown critical option {Printable.Text(name)}"),
            };
        }

        foreach ((string name, byte[] data) in certificate.Extensions)
        {
            KeyOptions before = options;
            options = name switch
            {
                "permit-port-forwarding" => options with { PermitPortForwarding = true },
                "permit-agent-forwarding" => options with { PermitAgentForwarding = true },
                "permit-X11-forwarding" => options with { PermitX11Forwarding = true },
                "permit-pty" => options with { PermitPty = true },
                "permit-user-rc" => options with { PermitUserRc = true },
                "no-touch-required" => options with { NoTouchRequired = true },
                _ => options,
            };
            if (!ReferenceEquals(before, options) && data.Length > 0)
                throw new FormatException($"the certificate's extension {name} has a value, and it takes none");
        }

        return options;
    }

    /// <summary>
    /// What both the line of a key or principal and the certificate permit. Stricter than ssh where both have a list: an address or a forward
    /// must be on both. What only a line can say of an authority is left out.
    /// </summary>
    /// <exception cref="FormatException">They contradict each other; the message says how.</exception>
    public static KeyOptions Merge(KeyOptions key, KeyOptions certificate)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(certificate);
        if (key.Command is not null && certificate.Command is not null && key.Command != certificate.Command)
            throw new FormatException("the key's line and the certificate force different commands");
        return new()
        {
            PermitPortForwarding = key.PermitPortForwarding && certificate.PermitPortForwarding,
            PermitAgentForwarding = key.PermitAgentForwarding && certificate.PermitAgentForwarding,
            PermitX11Forwarding = key.PermitX11Forwarding && certificate.PermitX11Forwarding,
            PermitPty = key.PermitPty && certificate.PermitPty,
            PermitUserRc = key.PermitUserRc && certificate.PermitUserRc,
            NoTouchRequired = key.NoTouchRequired && certificate.NoTouchRequired,
            PermitOpen = ForwardPermit.Both("permitopen", key.PermitOpen, certificate.PermitOpen, patterns: false),
            PermitListen = ForwardPermit.Both("permitlisten", key.PermitListen, certificate.PermitListen, patterns: true),
            From = key.From is { } from && certificate.From is { } also ? from.And(also) : key.From ?? certificate.From,
            Expiry = key.Expiry < certificate.Expiry ? key.Expiry : certificate.Expiry ?? key.Expiry,
            Command = key.Command ?? certificate.Command,
            Environment = key.Environment.IsEmpty ? certificate.Environment : key.Environment,
            Tunnel = key.Tunnel ?? certificate.Tunnel,
        };
    }

    /// <summary>Why the options permit no login at all, or null when they do.</summary>
    /// <param name="source">Where the connection comes from.</param>
    /// <param name="now">The time.</param>
    public string? Refusal(IPAddress source, DateTimeOffset now)
    {
        if (now >= Expiry)
            return $"it expired at {Expiry.Value.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";
        return From?.Contains(source) is false
            ? $"the address {source} may not use it (from={Printable.Text(From.Text)})"
            : null;
    }

    private static string ReadText(string name, byte[] data)
    {
        if (data.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(data) != data.Length - sizeof(uint) || data.AsSpan(sizeof(uint)).Contains((byte)0))
            throw new FormatException($"the certificate's option {name} is malformed");
        try
        {
            return StrictUtf8.GetString(data.AsSpan(sizeof(uint)));
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException($"the certificate's option {name} is not UTF-8", e);
        }
    }
}
