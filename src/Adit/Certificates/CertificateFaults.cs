using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Adit.Certificates;

/// <summary>Finds what is wrong with the certificates of a file.</summary>
internal static class CertificateFaults
{
    private const int LeastRsaBits = 2048;
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string AnyUse = "2.5.29.37.0";
    private const UnixFileMode OfAll = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode OfGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>What is wrong with one of them, seen alone.</summary>
    internal static IReadOnlyList<string> Of(X509Certificate2 certificate, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var found = new List<string>();
        DateTimeOffset from = CertificateReading.Begins(certificate);
        DateTimeOffset until = CertificateReading.Ends(certificate);
        if (now > until)
            found.Add($"it expired on {until:u}: have a new one made");
        else if (now < from)
            found.Add($"it does not hold before {from:u}: wait, or set this machine's clock");
        bool isSelfIssued = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
        // Nobody checks what a trusted root says of itself.
        if (!isSelfIssued && certificate.SignatureAlgorithm is { } algorithm && IsWeak(algorithm.Value))
            found.Add($"its signature ({algorithm.FriendlyName ?? algorithm.Value}) can be forged, and is refused: have it made anew with SHA-256");
        if (RsaBitsOf(certificate) is { } bits and < LeastRsaBits)
            found.Add($"its RSA key has {bits} bits, and less than {LeastRsaBits} is refused: have it made anew");
        if (IsForServers(certificate) && CertificateReading.Names(certificate).Count == 0)
            found.Add("it has no names beside the subject, and clients look for the host's name there only: have it made anew with them");
        return found;
    }

    /// <summary>What is wrong with the file as the credentials of its owner: its key, its order, who may read it.</summary>
    internal static IReadOnlyList<string> Of(CertificateFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var found = new List<string>();
        if (file.Key is KeyPresence.Absent)
            return found;
        if (file.PublicKey is { } key && !key.Span.SequenceEqual(file.Certificates[0].PublicKey.ExportSubjectPublicKeyInfo()))
            found.Add("its private key belongs to another certificate than the first one: put the fitting one first, or take the other key");
        for (int i = 1; i < file.Certificates.Count; i++)
        {
            if (!file.Certificates[i].SubjectName.RawData.AsSpan().SequenceEqual(file.Certificates[i - 1].IssuerName.RawData))
                found.Add($"certificate {i + 1} did not sign certificate {i}: each has to be followed by the one that signed it");
        }

        if (file.Mode is { } mode && (mode & (OfAll | OfGroup)) is not UnixFileMode.None and var open)
            found.Add($"it holds a private key, and {((open & OfAll) != UnixFileMode.None ? "every user of this machine" : "every member of its group")} may "
                + $"{((open & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != UnixFileMode.None ? "read" : "write")} it: chmod 600 it");
        return found;
    }

    // MD2, MD4, MD5 and SHA-1 with RSA; SHA-1 with DSA and ECDSA.
    private static bool IsWeak(string? algorithm) => algorithm is "1.2.840.113549.1.1.2" or "1.2.840.113549.1.1.3" or "1.2.840.113549.1.1.4"
        or "1.2.840.113549.1.1.5" or "1.2.840.10040.4.3" or "1.2.840.10045.4.1";

    private static int? RsaBitsOf(X509Certificate2 certificate)
    {
        using RSA? rsa = certificate.GetRSAPublicKey();
        return rsa?.KeySize;
    }

    private static bool IsForServers(X509Certificate2 certificate)
    {
        if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(static constraints => constraints.CertificateAuthority))
            return false;
        return certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault() is not { } uses
            || uses.EnhancedKeyUsages.Cast<Oid>().Any(static use => use.Value is ServerUse or AnyUse);
    }
}
