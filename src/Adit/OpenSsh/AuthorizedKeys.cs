using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Adit.Relay;
using Adit.Ssh.Keys;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>
/// An authorized_keys file: sshd(8), AUTHORIZED_KEYS FILE FORMAT. Its lines only ever permit, so that one which cannot be understood is
/// passed over. Immutable; safe to share.
/// </summary>
internal sealed class AuthorizedKeys
{
    private AuthorizedKeys(ImmutableArray<AuthorizedKey> lines) => Lines = lines;

    /// <summary>The lines that were understood, in their order.</summary>
    public ImmutableArray<AuthorizedKey> Lines { get; }

    /// <summary>Reads a file of at most 1 MiB; null where there is none, or none that can be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warn">Told what is left out, with file and line.</param>
    public static AuthorizedKeys? Load(string path, Action<string> warn)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(warn);
        return UserFile.Read(path, warn) is { } text ? Parse(text, path, warn) : null;
    }

    /// <summary>Reads the text of a file: at most 1 MiB, and 10,000 lines of at most 8 KiB.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="warn">Told what is left out, with file and line.</param>
    public static AuthorizedKeys Parse(ReadOnlySpan<byte> text, string path, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(warn);
        ImmutableArray<AuthorizedKey>.Builder keys = ImmutableArray.CreateBuilder<AuthorizedKey>();
        foreach (UserFileLine line in UserFile.Lines(text, path, warn))
        {
            if (line.Text.StartsWith('#'))
                continue;
            try
            {
                keys.Add(ParseLine(line));
            }
            catch (Exception e) when (e is FormatException or SshKeyException)
            {
                warn(UserFile.PassedOver(line.Place, e.Message));
                continue;
            }

            if (keys[^1].Options.From?.HostNames is [var name, ..])
                warn($"{line.Place}: from= names hosts, such as {Printable.Text(name)}; names are not looked up, so that these fit nobody");
        }

        return new(keys.DrainToImmutable());
    }

    /// <summary>
    /// The lines about a key: of a plain key those that have it, of a certificate those that have the key that signed it and say
    /// <c>cert-authority</c>. Whether one lets the user in is for <see cref="AuthorizedKey.Refusal"/> to say.
    /// </summary>
    public IEnumerable<AuthorizedKey> For(SshPublicKey presented)
    {
        ArgumentNullException.ThrowIfNull(presented);
        SshPublicKey wanted = presented.Certificate?.SigningKey ?? presented;
        bool isCertificate = presented.Certificate is not null;
        return Lines.Where(line => line.Options.CertAuthority == isCertificate && line.Key.Equals(wanted));
    }

    // As with ssh, the line is one without options if it begins with a key.
    private static AuthorizedKey ParseLine(UserFileLine line)
    {
        string options = string.Empty;
        if (!TryReadKey(line.Text, out byte[] blob, out string comment))
        {
            options = line.Text[..KeyOptionsReader.LengthOf(line.Text)];
            string rest = line.Text[options.Length..].TrimStart(' ', '\t');
            if (rest.Length == 0 || !TryReadKey(rest, out blob, out comment))
                throw new FormatException("there is no key as in a .pub file, or its base64 is damaged");
        }

        KeyOptions parsed = KeyOptions.Parse(options);
        SshPublicKey key = SshPublicKey.Parse(blob);
        return key.Certificate is null
            ? new(parsed, key, comment, line.Place)
            : throw new FormatException("the line has a certificate, and a plain key is needed; put the key of its signer here, with cert-authority");
    }

    private static bool TryReadKey(string text, out byte[] blob, out string comment)
    {
        blob = [];
        comment = string.Empty;
        string[] fields = text.Split((char[])[' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 2)
            return false;
        byte[] name = Encoding.UTF8.GetBytes(fields[0]);
        byte[] bytes = new byte[fields[1].Length];
        if (!Convert.TryFromBase64String(fields[1], bytes, out int length)
            || length < sizeof(uint) + name.Length
            || BinaryPrimitives.ReadUInt32BigEndian(bytes) != name.Length
            || !bytes.AsSpan(sizeof(uint), name.Length).SequenceEqual(name))
        {
            return false;
        }

        blob = bytes[..length];
        comment = fields.Length > 2 ? fields[2].Trim() : string.Empty;
        return true;
    }
}
