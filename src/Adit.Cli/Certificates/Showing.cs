using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Certificates;
using Adit.Wording;

namespace Adit.Cli.Certificates;

/// <summary>Prints certificates, for people.</summary>
internal static class Showing
{
    /// <summary>Prints the certificates of a file and what is wrong with them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="asPem">Whether to print them as PEM, and nothing else.</param>
    /// <param name="now">The time by which they are judged.</param>
    /// <param name="output">Where to print.</param>
    /// <returns>The exit code.</returns>
    internal static int Show(string path, bool asPem, DateTimeOffset now, TextWriter output)
    {
        using CertificateFile file = CertificateFile.Read(path);
        if (asPem)
        {
            output.Write(Encoding.ASCII.GetString(CertificatePem.Certificates(file.Certificates)));
            return CertCommand.Done;
        }

        int count = file.Certificates.Count;
        string key = file.Key switch
        {
            KeyPresence.Known => " and a private key",
            KeyPresence.Closed => " and a private key that cannot be compared with it (it is encrypted, broken or of an unusual kind)",
            _ => string.Empty,
        };
        output.WriteLine($"{Printable.Text(path)}: {(count == 1 ? "a certificate" : string.Create(CultureInfo.InvariantCulture, $"{count} certificates"))}{key}");
        IReadOnlyList<string> wrong = CertificateFaults.Of(file);
        WriteFaults(wrong, output);
        int faults = wrong.Count;
        for (int i = 0; i < count; i++)
        {
            if (count > 1)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"certificate {i + 1}"));
            Write(file.Certificates[i], output, now);
            wrong = CertificateFaults.Of(file.Certificates[i], now);
            WriteFaults(wrong, output);
            faults += wrong.Count;
        }

        return faults == 0 ? CertCommand.Done : CertCommand.Wrong;
    }

    /// <summary>Prints what one says.</summary>
    internal static void Write(X509Certificate2 certificate, TextWriter output, DateTimeOffset? now = null)
    {
        IReadOnlyList<string> names = CertificateReading.Names(certificate);
        bool isSelfIssued = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
        DateTimeOffset until = CertificateReading.Ends(certificate);
        string left = now is { } moment && until > moment ? string.Create(CultureInfo.InvariantCulture, $" ({(int)(until - moment).TotalDays} days left)") : string.Empty;
        output.WriteLine($"  subject      {CertificateReading.Name(certificate.SubjectName)}");
        if (names.Count > 0)
            output.WriteLine($"  names        {string.Join(", ", names)}");
        output.WriteLine($"  issuer       {(isSelfIssued ? "itself" : CertificateReading.Name(certificate.IssuerName))}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  valid        {CertificateReading.Begins(certificate):u} to {until:u}{left}"));
        output.WriteLine($"  fingerprint  {CertificateReading.Fingerprint(certificate)}");
        output.WriteLine($"  public key   {CertificateReading.KeyPin(certificate)}");
    }

    private static void WriteFaults(IReadOnlyList<string> faults, TextWriter output)
    {
        foreach (string fault in faults)
            output.WriteLine($"  WRONG        {fault}");
    }
}
