using System.Globalization;
using System.Net;
using System.Text;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>A line of authorized_keys. Immutable.</summary>
/// <param name="Key">The key.</param>
/// <param name="Options">What it allows.</param>
/// <param name="Place">File and line.</param>
internal sealed record AuthorizedKey(SshPublicKey Key, KeyOptions Options, string Place)
{
    /// <summary>Why the line does not let this user in; null when it does.</summary>
    /// <param name="presented">The key or certificate that the client presents.</param>
    /// <param name="user">The user.</param>
    /// <param name="address">Where the client is.</param>
    /// <param name="now">The time.</param>
    public string? Refusal(SshPublicKey presented, string user, IPAddress address, DateTimeOffset now)
    {
        if (Options.Refusal(address, now) is { } refusal)
            return refusal;
        if (presented.Certificate is not { } certificate)
            return null;
        string? principal = Options.Principals.IsEmpty ? user : Options.Principals.FirstOrDefault(certificate.Principals.Contains);
        return principal is null
            ? "the certificate names none of the line's principals"
            : certificate.Refusal(CertificateKind.User, principal, now) is { } invalid ? $"the certificate is refused: {invalid}" : null;
    }
}

/// <summary>The keys of an authorized_keys file, sshd(8). Lines that cannot be understood are passed over, and told of. Immutable.</summary>
internal sealed class AuthorizedKeys
{
    private const int MaxLines = 10_000;
    private const int MaxLineLength = 16 * 1024;

    private readonly List<AuthorizedKey> _lines;

    private AuthorizedKeys(List<AuthorizedKey> lines) => _lines = lines;

    /// <summary>Reads the text of a file.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">Its name, for messages.</param>
    /// <param name="warn">Hears of lines that are passed over.</param>
    public static AuthorizedKeys Parse(ReadOnlySpan<byte> text, string path, Action<string> warn)
    {
        var lines = new List<AuthorizedKey>();
        int number = 0;
        foreach (Range range in text.Split((byte)'\n'))
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}:{++number}");
            if (number > MaxLines)
            {
                warn($"{place}: the file has more than {MaxLines} lines; the rest is passed over");
                break;
            }

            try
            {
                if (ParseLine(text[range].Trim(" \t\r"u8), place) is { } line)
                    lines.Add(line);
            }
            catch (Exception e) when (e is FormatException or SshKeyException)
            {
                warn($"{place}: {e.Message}; the line is passed over");
            }
        }

        return new(lines);
    }

    /// <summary>The lines that are about a key: with the key itself, or for a certificate with the authority that signed it.</summary>
    public IEnumerable<AuthorizedKey> For(SshPublicKey presented) => presented.Certificate is { } certificate
        ? _lines.Where(line => line.Options.CertAuthority && line.Key.Equals(certificate.SigningKey))
        : _lines.Where(line => !line.Options.CertAuthority && line.Key.Equals(presented));

    /// <summary>Whether the file holds a key, whatever its options.</summary>
    public bool Holds(SshPublicKey key) => _lines.Any(line => line.Key.Equals(key));

    private static AuthorizedKey? ParseLine(ReadOnlySpan<byte> bytes, string place)
    {
        if (bytes.IsEmpty || bytes[0] == '#')
            return null;
        if (bytes.Length > MaxLineLength)
            throw new FormatException($"the line has more than {MaxLineLength} bytes");
        string line = Encoding.UTF8.GetString(bytes);
        if (SshPublicKey.TryParseLine(line, out SshPublicKey? key, out _))
            return new(key, KeyOptions.None, place);
        (List<(string, string?)> written, string rest) = OptionList.Split(line);
        return SshPublicKey.TryParseLine(rest, out key, out _)
            ? new(key, KeyOptions.Parse(written), place)
            : throw new FormatException("it holds no key of a type that is served");
    }
}
