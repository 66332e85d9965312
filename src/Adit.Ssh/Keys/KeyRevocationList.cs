using System.Security.Cryptography;
using System.Text;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>Reads the Key Revocation Lists of OpenSSH's PROTOCOL.krl. What it does not know is refused.</summary>
internal sealed class KeyRevocationList(RevokedKeys revoked, string source)
{
    private const uint FormatVersion = 1;
    private const int MaxSerialRanges = 1 << 22;

    private int _serialRanges;
    private int _offset;

    private static ReadOnlySpan<byte> Magic => "SSHKRL\n\0"u8;

    public static bool IsOne(ReadOnlySpan<byte> file) => file.StartsWith(Magic);

    public void Read(ReadOnlySpan<byte> file)
    {
        try
        {
            var reader = new SshReader(file);
            ReadHeader(ref reader);
            ReadSections(ref reader, file.Length);
        }
        catch (SshException e) when (e is SshKeyException or SshFormatException)
        {
            SshKeyError kind = (e as SshKeyException)?.Kind ?? SshKeyError.Malformed;
            throw new SshKeyException(
                kind, $"{source}, in what starts at byte {_offset}: {e.Message}; make the revocation list anew (ssh-keygen -k)", e);
        }
    }

    private static void ReadHeader(ref SshReader reader)
    {
        reader.ReadBytes(Magic.Length);
        uint version = reader.ReadUInt32();
        if (version != FormatVersion)
            throw new SshKeyException(SshKeyError.Unsupported, $"revocation lists of version {version} are not served; {FormatVersion} is");
        reader.ReadUInt64(); // the list's own version
        reader.ReadUInt64(); // when it was made
        reader.ReadUInt64(); // flags: none are defined
        reader.ReadString(); // reserved
        ReadCText(ref reader); // comment
    }

    private void ReadSections(ref SshReader reader, int end)
    {
        bool isSigned = false;
        while (!reader.AtEnd)
        {
            _offset = end - reader.Rest.Length;
            byte type = reader.ReadByte();
            ReadOnlySpan<byte> section = reader.ReadString();
            if (type == (byte)Section.Signature)
            {
                // Its first string is the signer; the signature is a second one. As OpenSSH, this trusts the place where the file lies.
                reader.ReadString();
                isSigned = true;
                continue;
            }

            if (isSigned)
                throw new SshFormatException("a section stands behind the signature");
            ReadSection((Section)type, section, end - reader.Rest.Length);
        }
    }

    private void ReadSection(Section type, ReadOnlySpan<byte> section, int end)
    {
        var reader = new SshReader(section);
        switch (type)
        {
            case Section.Certificates:
                ReadCertificates(ref reader, end);
                break;
            case Section.Keys:
                while (!reader.AtEnd)
                    revoked.AddKey(ReadKey(ref reader));
                break;
            case Section.Sha1Fingerprints:
                ReadFingerprints(ref reader, SHA1.HashSizeInBytes);
                break;
            case Section.Sha256Fingerprints:
                ReadFingerprints(ref reader, SHA256.HashSizeInBytes);
                break;
            case Section.Extension:
                ReadExtension(ref reader);
                break;
            default:
                throw new SshKeyException(SshKeyError.Unsupported, $"a section of type {(byte)type} is not known");
        }

        reader.ReadEnd();
    }

    private void ReadCertificates(ref SshReader reader, int end)
    {
        RevokedCertificates certificates = ReadSigner(ref reader);
        reader.ReadString(); // reserved
        while (!reader.AtEnd)
        {
            _offset = end - reader.Rest.Length;
            var type = (CertificateSection)reader.ReadByte();
            var section = new SshReader(reader.ReadString());
            ReadCertificateSection(type, certificates, ref section);
            section.ReadEnd();
        }
    }

    private void ReadCertificateSection(CertificateSection type, RevokedCertificates certificates, ref SshReader reader)
    {
        switch (type)
        {
            case CertificateSection.SerialList:
                while (!reader.AtEnd)
                    AddSerial(certificates, reader.ReadUInt64());
                break;
            case CertificateSection.SerialRange:
                AddSerials(certificates, reader.ReadUInt64(), reader.ReadUInt64());
                break;
            case CertificateSection.SerialBitmap:
                AddBitmap(certificates, reader.ReadUInt64(), reader.ReadMpint());
                break;
            case CertificateSection.KeyIds:
                while (!reader.AtEnd)
                    revoked.AddKeyId(certificates, ReadCText(ref reader));
                break;
            case CertificateSection.Extension:
                ReadExtension(ref reader);
                break;
            default:
                throw new SshKeyException(SshKeyError.Unsupported, $"a section of type {(byte)type} for certificates is not known");
        }
    }

    private RevokedCertificates ReadSigner(ref SshReader reader)
    {
        ReadOnlySpan<byte> blob = reader.ReadString();
        if (blob.IsEmpty)
            return revoked.CertificatesOfAnySigner;
        RequirePlainKey(blob);
        return revoked.CertificatesOf(ListedKey.PlainBlob(blob));
    }

    private static ReadOnlySpan<byte> ReadKey(ref SshReader reader)
    {
        ReadOnlySpan<byte> blob = reader.ReadString();
        RequirePlainKey(blob);
        return blob;
    }

    // A certificate would revoke nothing, since plain keys are looked up. As with OpenSSH, a key of any other type may be listed.
    private static void RequirePlainKey(ReadOnlySpan<byte> blob)
    {
        string type = new SshReader(blob).ReadName();
        if (type.Contains("-cert-", StringComparison.Ordinal))
            throw new SshFormatException("a certificate stands where a plain key is needed");
    }

    private void ReadFingerprints(ref SshReader reader, int length)
    {
        while (!reader.AtEnd)
        {
            ReadOnlySpan<byte> fingerprint = reader.ReadString();
            if (fingerprint.Length != length)
                throw new SshFormatException($"a fingerprint has {fingerprint.Length} bytes instead of {length}");
            revoked.AddFingerprint(fingerprint);
        }
    }

    private static void ReadExtension(ref SshReader reader)
    {
        ReadOnlySpan<byte> name = ReadCText(ref reader);
        bool isCritical = reader.ReadBoolean();
        reader.ReadString();
        if (isCritical)
        {
            string shown = PeerText.Printable(Encoding.UTF8.GetString(name));
            throw new SshKeyException(SshKeyError.Unsupported, $"the extension {shown} is critical and not known");
        }
    }

    private void AddBitmap(RevokedCertificates certificates, ulong first, ReadOnlySpan<byte> bitmap)
    {
        if (bitmap.IsEmpty)
            return;
        ulong lastBit = ((ulong)bitmap.Length * 8) - 1 - (ulong)byte.LeadingZeroCount(bitmap[0]);
        if (first > ulong.MaxValue - lastBit)
            throw new SshFormatException("a bitmap of serials goes beyond the last serial");
        for (ulong bit = 0; bit <= lastBit; bit++)
        {
            if ((bitmap[bitmap.Length - 1 - (int)(bit / 8)] & (1 << (int)(bit % 8))) != 0)
                AddSerial(certificates, first + bit);
        }
    }

    private void AddSerial(RevokedCertificates certificates, ulong serial) => AddSerials(certificates, serial, serial);

    private void AddSerials(RevokedCertificates certificates, ulong first, ulong last)
    {
        // Every certificate that its signer left without a number has serial 0. OpenSSH, too, refuses to list it.
        if (first == 0 || first > last)
            throw new SshFormatException($"serials from {first} to {last} cannot be revoked");
        int before = certificates.Serials.Count;
        certificates.Serials.Add(first, last);
        _serialRanges += certificates.Serials.Count - before;
        if (_serialRanges > MaxSerialRanges)
            throw new SshFormatException($"more than {MaxSerialRanges} ranges of serials are revoked");
    }

    /// <summary>Text as C has it: any bytes, with no NUL unless it is the last one, which does not count.</summary>
    private static ReadOnlySpan<byte> ReadCText(ref SshReader reader)
    {
        ReadOnlySpan<byte> text = reader.ReadString();
        int end = text.IndexOf((byte)0);
        if (end >= 0 && end != text.Length - 1)
            throw new SshFormatException("a text holds a NUL");
        return end < 0 ? text : text[..end];
    }

    private enum Section : byte
    {
        Certificates = 1,
        Keys = 2,
        Sha1Fingerprints = 3,
        Signature = 4,
        Sha256Fingerprints = 5,
        Extension = 255,
    }

    private enum CertificateSection : byte
    {
        SerialList = 0x20,
        SerialRange = 0x21,
        SerialBitmap = 0x22,
        KeyIds = 0x23,
        Extension = 0x39,
    }
}
