using System.Collections.Immutable;
using System.Net;
using Adit.Relay;
using Adit.Ssh.Keys;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>A line of a file of principals.</summary>
/// <param name="Options">What a certificate of the principal may be used for.</param>
/// <param name="Principal">The principal, compared exactly.</param>
/// <param name="Place">File and line, for messages.</param>
internal sealed record AuthorizedPrincipal(KeyOptions Options, string Principal, string Place)
{
    /// <summary>Why the line does not let a certificate in, or null when it does. Whether its signer is trusted is the caller's question.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="source">Where the connection comes from.</param>
    /// <param name="now">The time.</param>
    public string? Refusal(SshCertificate certificate, IPAddress source, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(source);
        return AuthorizedKey.RefusalOf(certificate, Principal, Options, source, now);
    }

    /// <summary>What a certificate that the line lets in may be used for.</summary>
    /// <exception cref="FormatException">The line refuses the certificate.</exception>
    public KeyOptions Granted(SshCertificate certificate) => KeyOptions.Merge(Options, KeyOptions.FromCertificate(certificate));
}

/// <summary>
/// A file of the principals whose certificates let a user in, sshd_config(5) AuthorizedPrincipalsFile: one a line, with options in front;
/// a <c>#</c> begins a comment wherever it is, as with ssh. Immutable; safe to share.
/// </summary>
internal sealed class PrincipalsFile
{
    private PrincipalsFile(ImmutableArray<AuthorizedPrincipal> lines) => Lines = lines;

    /// <summary>The lines that were understood, in their order.</summary>
    public ImmutableArray<AuthorizedPrincipal> Lines { get; }

    /// <summary>Reads a file of at most 1 MiB; null where there is none, or none that can be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warn">Told what is left out, with file and line.</param>
    public static PrincipalsFile? Load(string path, Action<string> warn)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(warn);
        return UserFile.Read(path, warn) is { } text ? Parse(text, path, warn) : null;
    }

    /// <summary>Reads the text of a file: at most 1 MiB, and 10,000 lines of at most 8 KiB.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="warn">Told what is left out, with file and line.</param>
    public static PrincipalsFile Parse(ReadOnlySpan<byte> text, string path, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(warn);
        ImmutableArray<AuthorizedPrincipal>.Builder lines = ImmutableArray.CreateBuilder<AuthorizedPrincipal>();
        foreach (UserFileLine line in UserFile.Lines(text, path, warn))
        {
            string content = line.Text.Split('#', 2)[0].Trim(' ', '\t');
            if (content.Length == 0)
                continue;
            try
            {
                lines.Add(ParseLine(content, line.Place));
            }
            catch (FormatException e)
            {
                warn(UserFile.PassedOver(line.Place, e.Message));
                continue;
            }

            if (lines[^1].Options.From?.HostNames is [var name, ..])
                warn($"{line.Place}: from= names hosts, such as {Printable.Text(name)}; names are not looked up, so that these fit nobody");
        }

        return new(lines.DrainToImmutable());
    }

    /// <summary>The first line that names one of a certificate's principals; it alone counts, as with ssh. Null for none.</summary>
    public AuthorizedPrincipal? Find(SshCertificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return Lines.FirstOrDefault(line => certificate.Principals.Contains(line.Principal));
    }

    private static AuthorizedPrincipal ParseLine(string content, string place)
    {
        string options = string.Empty;
        string principal = content;
        int length = KeyOptionsReader.LengthOf(content);
        if (length < content.Length)
        {
            options = content[..length];
            principal = content[length..].TrimStart(' ', '\t');
        }

        if (principal.AsSpan().ContainsAny(" \t\"\uFFFD"))
            throw new FormatException("a line has options, with commas and no blanks between, and one principal; quotes must be closed and hold no #");
        KeyOptions parsed = KeyOptions.Parse(options);
        return !parsed.CertAuthority
            ? new(parsed, principal, place)
            : throw new FormatException("cert-authority belongs in authorized_keys, not in a file of principals");
    }
}
