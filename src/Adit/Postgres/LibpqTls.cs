using Adit.Tls;

namespace Adit.Postgres;

/// <summary>TLS to a PostgreSQL server by the conventions of libpq: the files in ~/.postgresql, and what sslmode asks for ("SSL Support").</summary>
internal static class LibpqTls
{
    /// <summary>What stands for the system's authorities in place of a file.</summary>
    public const string SystemRoot = "system";

    private const string Folder = ".postgresql";

    /// <summary>Reads the files.</summary>
    /// <param name="verifiesChain">Whether the certificate has to be from an authority (verify-ca, verify-full). Else it has to where there is a file of authorities.</param>
    /// <param name="verifiesName">Whether it has to be for the host (verify-full).</param>
    /// <param name="root">The file of authorities, or <c>system</c>; null for root.crt.</param>
    /// <param name="certificate">The own certificate; null for postgresql.crt, where there is one.</param>
    /// <param name="key">Its key; null for postgresql.key, or the certificate's own file.</param>
    /// <param name="home">The home directory.</param>
    /// <exception cref="TlsFileException">A file cannot be used, or there are no authorities to verify by.</exception>
    public static (TlsTrust Trust, TlsCredential? Credential) Load(bool verifiesChain, bool verifiesName, string? root, string? certificate, string? key, string home) =>
        (Trust(verifiesChain, verifiesName, root, Path.Combine(home, Folder)), Credential(certificate, key, Path.Combine(home, Folder)));

    private static TlsTrust Trust(bool verifiesChain, bool verifiesName, string? root, string folder)
    {
        if (root is SystemRoot)
        {
            // Anybody gets a certificate of theirs, for a name of their own.
            return verifiesName ? TlsTrust.System : throw new TlsFileException("the system's authorities are of use with verify-full only: anybody has a certificate of theirs");
        }

        string file = root ?? Path.Combine(folder, "root.crt");
        bool isThere = root is not null || File.Exists(file);
        if (!isThere && !verifiesChain)
            return TlsTrust.Nothing;
        if (!isThere)
            throw new TlsFileException($"{file}: there is no such file, and the server's certificate is to be verified by it; put its authority there, or write AditTargetTlsRoot FILE, or AditTargetTlsRoot {SystemRoot}");
        string list = Path.Combine(folder, "root.crl");
        return new()
        {
            VerifiesChain = true,
            Authorities = TlsFile.ReadCertificates(file),
            Source = file,
            VerifiesTarget = verifiesName,
            Revocations = root is null && File.Exists(list) ? RevocationList.Load(list) : [],
        };
    }

    private static TlsCredential? Credential(string? certificate, string? key, string folder)
    {
        string usual = Path.Combine(folder, "postgresql.crt");
        if (certificate is not null)
            return TlsCredential.Load(certificate, key);
        return File.Exists(usual) ? TlsCredential.Load(usual, key ?? Path.Combine(folder, "postgresql.key")) : null;
    }
}
