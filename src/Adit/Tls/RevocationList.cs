using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Wording;

namespace Adit.Tls;

/// <summary>A list of the certificates that an authority has taken back (RFC 5280 section 5). Immutable.</summary>
/// <remarks>.NET does not take such lists from files. The signature is verified by its keys all the same.</remarks>
internal sealed class RevocationList
{
    private const int MaxEntries = 1_000_000;
    private const string Delta = "2.5.29.27";

    private readonly byte[] _issuer;
    private readonly byte[] _signedPart;
    private readonly byte[] _signature;
    private readonly string _algorithm;
    private readonly DateTimeOffset? _nextUpdate;
    private readonly HashSet<BigInteger> _serials;

    private RevocationList(byte[] issuer, byte[] signedPart, string algorithm, byte[] signature, DateTimeOffset? nextUpdate, HashSet<BigInteger> serials)
    {
        _issuer = issuer;
        _signedPart = signedPart;
        _algorithm = algorithm;
        _signature = signature;
        _nextUpdate = nextUpdate;
        _serials = serials;
    }

    /// <summary>Reads the lists of a file, in PEM or DER.</summary>
    /// <exception cref="TlsFileException">It cannot be read, or holds none.</exception>
    public static IReadOnlyList<RevocationList> Load(string path) => Of(TlsFile.Read(path), path);

    /// <summary>The lists in what was read from a file, likewise.</summary>
    /// <exception cref="TlsFileException">It holds none.</exception>
    public static IReadOnlyList<RevocationList> Of(byte[] bytes, string path)
    {
        try
        {
            List<RevocationList> all = [];
            if (!TlsFile.IsPem(bytes))
                return [Parse(bytes)];
            ReadOnlySpan<char> text = System.Text.Encoding.ASCII.GetString(bytes);
            while (PemEncoding.TryFind(text, out PemFields fields))
            {
                if (text[fields.Label] is "X509 CRL")
                    all.Add(Parse(Convert.FromBase64String(text[fields.Base64Data].ToString())));
                text = text[fields.Location.End..];
            }

            return all.Count > 0 ? all : throw new TlsFileException($"{path}: there is no list of revoked certificates in it (-----BEGIN X509 CRL-----)");
        }
        catch (Exception e) when (e is AsnContentException or FormatException or CryptographicException)
        {
            throw new TlsFileException($"{path}: it is not a list of revoked certificates: {e.Message}", e);
        }
    }

    /// <summary>Looks for each certificate of a chain in the list of its issuer. Each issuer has to have one that holds now.</summary>
    /// <returns>Null where none is taken back; else why the chain cannot be accepted.</returns>
    public static string? Refuse(X509Chain chain, IReadOnlyList<RevocationList> lists)
    {
        for (int i = 0; i + 1 < chain.ChainElements.Count; i++)
        {
            X509Certificate2 certificate = chain.ChainElements[i].Certificate;
            X509Certificate2 issuer = chain.ChainElements[i + 1].Certificate;
            RevocationList[] its = [.. lists.Where(list => list._issuer.AsSpan().SequenceEqual(issuer.SubjectName.RawData))];
            if (its.Length == 0)
                return $"there is no list of what {Printable.Text(issuer.Subject)} has revoked";
            if (Array.Find(its, list => list._serials.Contains(SerialOf(certificate))) is not null)
                return $"the certificate of {Printable.Text(certificate.Subject)} is revoked";
            RevocationList[] signed = [.. its.Where(list => list.IsSignedBy(issuer))];
            if (signed.Length == 0)
                return $"the list of what {Printable.Text(issuer.Subject)} has revoked is not signed by it";
            if (!signed.Any(static list => list._nextUpdate is null || list._nextUpdate > DateTimeOffset.UtcNow))
                return $"the list of what {Printable.Text(issuer.Subject)} has revoked is out of date since {signed.Max(static list => list._nextUpdate):yyyy-MM-dd}";
        }

        return null;
    }

    private static BigInteger SerialOf(X509Certificate2 certificate) => new(certificate.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true);

    /// <summary>Reads a CertificateList (section 5.1) in DER.</summary>
    /// <exception cref="AsnContentException">It is none.</exception>
    /// <exception cref="FormatException">It is one that cannot be used.</exception>
    public static RevocationList Parse(byte[] encoded)
    {
        AsnReader list = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        ReadOnlyMemory<byte> signedPart = list.PeekEncodedValue();
        AsnReader signed = list.ReadSequence();
        if (signed.PeekTag() == Asn1Tag.Integer)
            signed.ReadInteger();
        signed.ReadSequence();
        byte[] issuer = signed.ReadEncodedValue().ToArray();
        ReadTime(signed);
        DateTimeOffset? nextUpdate = signed.HasData && IsTime(signed.PeekTag()) ? ReadTime(signed) : null;
        HashSet<BigInteger> serials = [];
        if (signed.HasData && signed.PeekTag() == Asn1Tag.Sequence)
        {
            AsnReader entries = signed.ReadSequence();
            while (entries.HasData)
            {
                if (serials.Count == MaxEntries)
                    throw new FormatException($"it has more than {MaxEntries} entries");
                serials.Add(entries.ReadSequence().ReadInteger());
            }
        }

        RefuseUnknownExtensions(signed);
        string algorithm = list.ReadSequence().ReadObjectIdentifier();
        byte[] signature = list.ReadBitString(out int unused);
        return unused == 0 ? new(issuer, signedPart.ToArray(), algorithm, signature, nextUpdate, serials) : throw new FormatException("its signature is cut off");
    }

    // One that has to be understood and is not, such as that it lists changes only, makes the list useless (section 5.2).
    private static void RefuseUnknownExtensions(AsnReader signed)
    {
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        if (!signed.HasData || signed.PeekTag() != tag)
            return;
        AsnReader extensions = signed.ReadSequence(tag).ReadSequence();
        while (extensions.HasData)
        {
            AsnReader extension = extensions.ReadSequence();
            string name = extension.ReadObjectIdentifier();
            bool isCritical = extension.PeekTag() == Asn1Tag.Boolean && extension.ReadBoolean();
            if (isCritical || name is Delta)
                throw new FormatException($"it has the extension {name}, which is not understood");
        }
    }

    private static bool IsTime(Asn1Tag tag) => tag == Asn1Tag.UtcTime || tag == Asn1Tag.GeneralizedTime;

    private static DateTimeOffset ReadTime(AsnReader reader) => reader.PeekTag() == Asn1Tag.UtcTime ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private bool IsSignedBy(X509Certificate2 issuer) => CertificateSignature.IsBy(issuer, _algorithm, _signedPart, _signature);
}
