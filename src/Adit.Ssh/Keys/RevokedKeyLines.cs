using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>Reads revoked keys as the lines of .pub files. A certificate there stands for the key that it certifies, as with sshd.</summary>
internal static class RevokedKeyLines
{
    private const int MaxFieldLength = 128 * 1024;

    // Each is checked as a key, which takes a while for one on a curve; a revocation list holds far more.
    private const int MaxKeys = 1 << 16;

    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t"u8);

    public static void Read(ReadOnlySpan<byte> file, RevokedKeys revoked, string source)
    {
        int number = 0, keys = 0;
        foreach (Range place in file.Split((byte)'\n'))
        {
            number++;
            ReadOnlySpan<byte> line = file[place].Trim(" \t\r"u8);
            if (line.IsEmpty || line[0] == '#')
                continue;
            if (++keys > MaxKeys)
                throw new SshKeyException(SshKeyError.Malformed, $"{source} line {number}: more than {MaxKeys} keys; make a revocation list of them (ssh-keygen -k)");
            try
            {
                revoked.AddKey(ReadKey(line));
            }
            catch (SshException e) when (e is SshKeyException or SshFormatException)
            {
                SshKeyError kind = (e as SshKeyException)?.Kind ?? SshKeyError.Malformed;
                throw new SshKeyException(kind, $"{source} line {number}: {e.Message}; correct or remove the line", e);
            }
        }
    }

    private static ReadOnlySpan<byte> ReadKey(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> type = line[..Length(line)];
        ReadOnlySpan<byte> rest = line[type.Length..].TrimStart(" \t"u8);
        ReadOnlySpan<byte> base64 = rest[..Length(rest)];
        byte[] blob = new byte[Math.Min(base64.Length, MaxFieldLength)];
        if (base64.IsEmpty || base64.Length > MaxFieldLength
            || Base64.DecodeFromUtf8(base64, blob, out _, out int length) is not OperationStatus.Done)
        {
            throw new SshFormatException("this is no public key: a type and a key in base64 are needed, and options may not stand before them");
        }

        return PlainKey(type, blob.AsSpan(0, length));
    }

    private static ReadOnlySpan<byte> PlainKey(ReadOnlySpan<byte> type, ReadOnlySpan<byte> blob)
    {
        string name = new SshReader(blob).ReadName();
        if (!type.SequenceEqual(Encoding.ASCII.GetBytes(name)))
            throw new SshFormatException($"the line names another type than its key, which is of type {PeerText.Printable(name)}");
        return ListedKey.PlainBlob(blob);
    }

    private static int Length(ReadOnlySpan<byte> field) => field.IndexOfAny(Blanks) is int end and >= 0 ? end : field.Length;
}
