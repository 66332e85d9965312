using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;
using Adit.Wording;

namespace Adit.Cli.Certificates;

/// <summary>What all certificates that are no authorities can be given.</summary>
/// <param name="Output">Where to write; null for a name of its own.</param>
/// <param name="Key">The kind of key.</param>
/// <param name="Days">How long it holds.</param>
/// <param name="Force">Whether a file that is there goes.</param>
internal sealed record MakingSettings(string? Output, CertificateKeyKind Key, int Days, bool Force);

/// <summary>What makes and revokes certificates; each writes its files and says what it did and what comes next.</summary>
internal static class Making
{
    private const int AuthorityNameBytes = 4;

    internal static int MakeSelfSigned(IReadOnlyList<string> names, MakingSettings settings, TextWriter output)
    {
        var wish = new CertificateWish { Names = [.. names.Select(CertificateName.Parse)], Use = CertificateUse.Server | CertificateUse.Client, Key = settings.Key, Days = settings.Days };
        string path = PathFor(wish, settings);
        using X509Certificate2 made = new CertificateMaker(TimeProvider.System).MakeSelfSigned(wish);
        WriteWithKey(path, made, [], settings.Force);
        output.WriteLine($"{Printable.Text(path)}: a certificate and its private key, readable by you alone");
        Showing.Write(made, output);
        output.WriteLine($"""

            Next: name the file at the server (cert = {Printable.Text(path)}). Give those who connect the certificate without
            the key, as adit cert show --pem {Printable.Text(path)} prints it
            (CAfile, verifyChain = yes{CheckOf(wish.Names[0])}).
            """);
        return CertCommand.Done;
    }

    internal static int MakeAuthority(string folder, string? name, CertificateKeyKind key, int days, bool force, TextWriter output)
    {
        // Two of one name would be mistaken for each other.
        name ??= $"Adit private CA {RandomNumberGenerator.GetHexString(2 * AuthorityNameBytes, lowercase: true)}";
        using X509Certificate2 made = new CertificateMaker(TimeProvider.System).MakeAuthority(name, key, days);
        CertificateAuthority.Create(folder, made, force);
        string shown = Printable.Text(folder);
        output.WriteLine($"{Printable.Text(Path.Combine(folder, CertificateAuthority.CertificateFile))}: the certificate of a private authority");
        output.WriteLine($"{Printable.Text(Path.Combine(folder, CertificateAuthority.KeyFile))}: its private key, readable by you alone; who has it can be anyone");
        Showing.Write(made, output);
        output.WriteLine($"""

            Next: adit cert server NAME --ca {shown}, adit cert client NAME --ca {shown}. Give everyone ca.pem
            (CAfile), and nobody ca.key.
            """);
        return CertCommand.Done;
    }

    internal static int MakeServer(IReadOnlyList<string> names, string authority, MakingSettings settings, TextWriter output)
    {
        var wish = new CertificateWish { Names = [.. names.Select(CertificateName.Parse)], Use = CertificateUse.Server, Key = settings.Key, Days = settings.Days };
        string path = MakeSigned(wish, authority, settings, output);
        output.WriteLine($"""

            Next: name the file at the server (cert = {Printable.Text(path)}). Those who connect need
            {Printable.Text(Path.Combine(authority, CertificateAuthority.CertificateFile))} (CAfile, verifyChain = yes{CheckOf(wish.Names[0])}).
            """);
        return CertCommand.Done;
    }

    internal static int MakeClient(string name, string? unit, string? uri, string authority, MakingSettings settings, TextWriter output)
    {
        var wish = new CertificateWish { Names = [CertificateName.ParseClient(name)], Use = CertificateUse.Client, Unit = unit, Uri = uri, Key = settings.Key, Days = settings.Days };
        string path = MakeSigned(wish, authority, settings, output);
        output.WriteLine($"""

            Next: take the file to the client safely (cert = {Printable.Text(path)}). The server asks for it with
            {Printable.Text(Path.Combine(authority, CertificateAuthority.CertificateFile))} (CAfile, verifyChain = yes).
            """);
        return CertCommand.Done;
    }

    internal static int Revoke(string path, string folder, TextWriter output)
    {
        using CertificateFile file = CertificateFile.Read(path);
        using CertificateAuthority authority = CertificateAuthority.Open(folder, TimeProvider.System);
        X509Certificate2 certificate = file.Certificates[0];
        bool isNew;
        try
        {
            isNew = authority.Revoke(certificate);
        }
        catch (CertificateException e)
        {
            throw new CertificateException($"{Printable.Text(path)}: {e.Message}", e);
        }

        string list = Printable.Text(authority.RevokedPath);
        if (!isNew)
        {
            output.WriteLine($"{Printable.Text(path)} was revoked before; {list} stays as it is");
            return CertCommand.Done;
        }

        output.WriteLine($"{list}: the list of revoked certificates, with one more");
        Showing.Write(certificate, output);
        output.WriteLine("\nNext: the others learn of it by the list alone (CRLfile); give it to each of them anew.");
        return CertCommand.Done;
    }

    private static string MakeSigned(CertificateWish wish, string folder, MakingSettings settings, TextWriter output)
    {
        string path = PathFor(wish, settings);
        using CertificateAuthority authority = CertificateAuthority.Open(folder, TimeProvider.System);
        using X509Certificate2 made = new CertificateMaker(TimeProvider.System).MakeSigned(wish, authority.Certificate);
        WriteWithKey(path, made, [authority.Certificate], settings.Force);
        output.WriteLine($"{Printable.Text(path)}: a certificate, the authority's, and the private key, readable by you alone");
        Showing.Write(made, output);
        if (made.NotAfter == authority.Certificate.NotAfter)
            output.WriteLine("It ends with the authority that signed it, sooner than asked for.");
        return path;
    }

    // What has a client look for the name, in stunnel's words.
    private static string CheckOf(CertificateName name) => name.Kind switch
    {
        CertificateNameKind.Address => $", checkIP = {name.Text}",
        CertificateNameKind.Email => $", checkEmail = {name.Text}",
        _ when name.Text.StartsWith('*') => ", checkHost = the host's name",
        _ => $", checkHost = {name.Text}",
    };

    private static string PathFor(CertificateWish wish, MakingSettings settings)
    {
        string path = settings.Output ?? FileName(wish.Names[0].Text);
        NewFile.Check(path, settings.Force);
        return path;
    }

    private static string FileName(string name) =>
        string.Concat(name.Replace("*", "wildcard", StringComparison.Ordinal)
            .Select(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@' ? c : '-')).TrimStart('.', '-') + ".pem";

    private static void WriteWithKey(string path, X509Certificate2 made, IEnumerable<X509Certificate2> chain, bool force)
    {
        byte[] content = CertificatePem.WithKey(made, chain);
        try
        {
            NewFile.Write(path, content, isPrivate: true, force);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }
}
