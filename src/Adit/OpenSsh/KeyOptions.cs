using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>What a key allows: the options of its line in authorized_keys (sshd(8)), of a principal, or of a certificate. Immutable.</summary>
internal sealed record KeyOptions
{
    /// <summary>No options: everything is allowed.</summary>
    public static KeyOptions None { get; } = new();

    /// <summary>Whether connections may be forwarded.</summary>
    public bool PermitPortForwarding { get; init; } = true;

    /// <summary>Whether the agent may be forwarded.</summary>
    public bool PermitAgentForwarding { get; init; } = true;

    /// <summary>Whether X11 may be forwarded.</summary>
    public bool PermitX11Forwarding { get; init; } = true;

    /// <summary>Whether there may be a terminal.</summary>
    public bool PermitPty { get; init; } = true;

    /// <summary>Whether ~/.ssh/rc is run.</summary>
    public bool PermitUserRc { get; init; } = true;

    /// <summary>What may be opened, as written; empty for anything.</summary>
    public ImmutableArray<string> PermitOpen { get; init; } = [];

    /// <summary>Where may be listened, as written; empty for anywhere.</summary>
    public ImmutableArray<string> PermitListen { get; init; } = [];

    /// <summary>From where the key may be used: each list has to hold the address.</summary>
    public ImmutableArray<AddressPatternList> From { get; init; } = [];

    /// <summary>From when on the key is valid no longer; null for never.</summary>
    public DateTimeOffset? Expiry { get; init; }

    /// <summary>Whether the key signs certificates, and is none for logging in itself.</summary>
    public bool CertAuthority { get; init; }

    /// <summary>The principals of which a certificate has to name one; empty for the user's name.</summary>
    public ImmutableArray<string> Principals { get; init; } = [];

    /// <summary>The command that is run whatever the client asks for; null for the client's.</summary>
    public string? Command { get; init; }

    /// <summary>Reads the options of a line.</summary>
    /// <exception cref="FormatException">One is unknown, or its value wrong; the message says which.</exception>
    public static KeyOptions Parse(IEnumerable<(string Name, string? Value)> written)
    {
        KeyOptions options = None;
        foreach ((string name, string? value) in written)
            options = options.With(name.ToLowerInvariant(), value);
        return options;
    }

    /// <summary>What a user certificate says, OpenSSH's PROTOCOL.certkeys.</summary>
    /// <exception cref="FormatException">A critical option cannot be understood.</exception>
    public static KeyOptions FromCertificate(SshCertificate certificate)
    {
        bool Has(string extension) => certificate.Extensions.Any(pair => pair.Key == extension);
        string? Critical(string option) => certificate.CriticalOptions.Where(pair => pair.Key == option).Select(static pair => Text(pair.Value)).FirstOrDefault();
        return new()
        {
            PermitPortForwarding = Has("permit-port-forwarding"),
            PermitAgentForwarding = Has("permit-agent-forwarding"),
            PermitX11Forwarding = Has("permit-X11-forwarding"),
            PermitPty = Has("permit-pty"),
            PermitUserRc = Has("permit-user-rc"),
            Command = Critical("force-command"),
            From = Critical("source-address") is { } addresses ? [AddressPatternList.ParseCidrOnly(addresses)] : [],
        };
    }

    /// <summary>What both allow.</summary>
    /// <exception cref="FormatException">Each forces another command.</exception>
    public static KeyOptions Merge(KeyOptions one, KeyOptions other)
    {
        if (one.Command is not null && other.Command is not null && one.Command != other.Command)
            throw new FormatException("the key and its certificate force different commands");
        return one with
        {
            PermitPortForwarding = one.PermitPortForwarding && other.PermitPortForwarding,
            PermitAgentForwarding = one.PermitAgentForwarding && other.PermitAgentForwarding,
            PermitX11Forwarding = one.PermitX11Forwarding && other.PermitX11Forwarding,
            PermitPty = one.PermitPty && other.PermitPty,
            PermitUserRc = one.PermitUserRc && other.PermitUserRc,
            PermitOpen = Both(one.PermitOpen, other.PermitOpen),
            PermitListen = Both(one.PermitListen, other.PermitListen),
            From = [.. one.From, .. other.From],
            Expiry = one.Expiry is null || other.Expiry < one.Expiry ? other.Expiry : one.Expiry,
            Command = one.Command ?? other.Command,
        };
    }

    /// <summary>Why the key may not be used from there now; null when it may.</summary>
    public string? Refusal(IPAddress address, DateTimeOffset now)
    {
        if (Expiry is { } expiry && now >= expiry)
            return string.Create(CultureInfo.InvariantCulture, $"the key expired at {expiry:yyyy-MM-dd HH:mm:ss zzz}");
        return From.FirstOrDefault(list => !list.Contains(address)) is { } refusing
            ? $"the key may not be used from {address} (from=\"{refusing.Text}\"{(refusing.HasNames ? "; names of hosts are not looked up" : string.Empty)})"
            : null;
    }

    // Lists are compared entry by entry, so that what both hold can be told from them; otherwise nothing is.
    private static ImmutableArray<string> Both(ImmutableArray<string> one, ImmutableArray<string> other) =>
        one.IsEmpty ? other
        : other.IsEmpty ? one
        : one.Intersect(other, StringComparer.Ordinal).ToImmutableArray() is { Length: > 0 } both ? both
        : ["none"];

    private static string Text(byte[] field) =>
        field.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(field) == (uint)(field.Length - sizeof(uint))
            ? Encoding.UTF8.GetString(field.AsSpan(sizeof(uint)))
            : throw new FormatException("an option of the certificate has the wrong length");

    private KeyOptions With(string name, string? value)
    {
        bool negated = name.StartsWith("no-", StringComparison.Ordinal);
        switch (negated ? name[3..] : name)
        {
            case "port-forwarding" when value is null:
                return this with { PermitPortForwarding = !negated };
            case "agent-forwarding" when value is null:
                return this with { PermitAgentForwarding = !negated };
            case "x11-forwarding" when value is null:
                return this with { PermitX11Forwarding = !negated };
            case "pty" when value is null:
                return this with { PermitPty = !negated };
            case "user-rc" when value is null:
                return this with { PermitUserRc = !negated };
            case "touch-required" when negated && value is null:
                return this; // of security keys, which are not served anyway
            default:
                break;
        }

        return (name, value) switch
        {
            ("restrict", null) => this with
            {
                PermitPortForwarding = false, PermitAgentForwarding = false, PermitX11Forwarding = false, PermitPty = false, PermitUserRc = false,
            },
            ("cert-authority", null) => this with { CertAuthority = true },
            ("permitopen", { } entry) => this with { PermitOpen = PermitOpen.Add(Permit(name, entry, needsHost: true)) },
            ("permitlisten", { } entry) => this with { PermitListen = PermitListen.Add(Permit(name, entry, needsHost: false)) },
            ("from", { } list) => this with { From = [.. From, AddressPatternList.Parse(list)] },
            ("expiry-time", { } time) => this with { Expiry = ExpiryTime.Parse(time) },
            ("principals", { } list) => this with { Principals = [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)] },
            ("command", { } command) => this with { Command = command },
            ("environment", { }) or ("tunnel", { }) => this,
            _ => throw new FormatException($"the option {Adit.Relay.Printable.Text(name)} is not known, or its value is missing"),
        };
    }

    private static string Permit(string option, string entry, bool needsHost)
    {
        int colon = entry.LastIndexOf(':');
        string port = entry[(colon + 1)..];
        bool hasPort = port is "*" || (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 0 and <= ushort.MaxValue);
        return hasPort && (colon > 0 || (colon < 0 && !needsHost))
            ? entry
            : throw new FormatException($"{option} takes {(needsHost ? "host:port" : "[host:]port")}, and not \"{Adit.Relay.Printable.Text(entry)}\"");
    }
}
