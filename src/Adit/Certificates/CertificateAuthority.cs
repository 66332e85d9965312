using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Platform;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Certificates;

/// <summary>
/// A small private certificate authority: a folder with <c>ca.pem</c>, <c>ca.key</c> and, once something was revoked, <c>crl.pem</c>. Whoever
/// opens it has it alone: others wait a moment. Not safe for concurrent calls.
/// </summary>
internal sealed class CertificateAuthority : IDisposable
{
    internal const string CertificateFile = "ca.pem";
    internal const string KeyFile = "ca.key";
    internal const string RevokedFile = "crl.pem";

    private const int MaxFileLength = 64 * 1024;
    private const int MaxRevokedLength = 16 * 1024 * 1024;
    private const UnixFileMode OfOthers = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly FileStream _held;

    private CertificateAuthority(string folder, TimeProvider clock, FileStream held, X509Certificate2 certificate)
    {
        _folder = folder;
        _clock = clock;
        _held = held;
        Certificate = certificate;
    }

    /// <summary>Its certificate, with the key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Its list of revoked certificates, whether it is there or not.</summary>
    public string RevokedPath => Path.Combine(_folder, RevokedFile);

    /// <summary>Puts a new one into a folder, which is made (0700) where it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="certificate">Its certificate, with the key.</param>
    /// <param name="replace">Whether one that is there goes.</param>
    /// <exception cref="IOException">It cannot be written, or one is there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void Create(string folder, X509Certificate2 certificate, bool replace)
    {
        PrivateFolder.Make(folder);
        string certificatePath = Path.Combine(folder, CertificateFile);
        string keyPath = Path.Combine(folder, KeyFile);
        NewFile.Check(certificatePath, replace);
        NewFile.Check(keyPath, replace);
        if (UnixFile.Look(Path.Combine(folder, RevokedFile)) is not null)
            throw new IOException($"{Printable.Text(folder)} holds the {RevokedFile} of another authority; name another folder, or remove it first");
        byte[] key = CertificatePem.PrivateKey(certificate);
        try
        {
            NewFile.Write(keyPath, key, isPrivate: true, replace);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }

        NewFile.Write(certificatePath, CertificatePem.Certificates(certificate), isPrivate: false, replace);
    }

    /// <summary>Opens one.</summary>
    /// <exception cref="CertificateException">It is not complete, its parts do not fit each other, or its key is open to others.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CertificateAuthority Open(string folder, TimeProvider clock)
    {
        string keyPath = Path.Combine(folder, KeyFile);
        FileStream held = OpenAlone(keyPath);
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(held.SafeFileHandle) & OfOthers) != UnixFileMode.None)
                throw new CertificateException($"{Printable.Text(keyPath)} may be read or written by others, who could sign with it: chmod 600 it, or make a new authority");
            X509Certificate2 certificate = Read(Path.Combine(folder, CertificateFile), held);
            if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
            {
                certificate.Dispose();
                throw new CertificateException($"{Printable.Text(Path.Combine(folder, CertificateFile))} is not the certificate of an authority");
            }

            return new(folder, clock, held, certificate);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Whether it signed a certificate, expired or not.</summary>
    public bool Issued(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        bool isTrusted = chain.Build(certificate);
        bool isSigned = isTrusted && chain.ChainElements.Count == 2;
        foreach (X509ChainElement element in chain.ChainElements)
            element.Certificate.Dispose();
        return isSigned;
    }

    /// <summary>
    /// Writes its list of revoked certificates, with one more. The list holds as long as the authority does: who reads it has to be given it anew
    /// after each change.
    /// </summary>
    /// <param name="certificate">What is revoked.</param>
    /// <returns>False where it was revoked before, and nothing was written.</returns>
    /// <exception cref="CertificateException">Another authority signed it, or the list there is cannot be read.</exception>
    /// <exception cref="IOException">The list cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public bool Revoke(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        DateTimeOffset now = _clock.GetUtcNow();
        DateTimeOffset ends = CertificateReading.Ends(Certificate);
        if (now >= ends)
            throw new CertificateException($"the authority ended on {ends:u}, and with it all that it signed");
        if (!Issued(certificate))
            throw new CertificateException("it was not signed by this authority");
        (CertificateRevocationListBuilder list, BigInteger number) = ReadRevoked();
        // Taken out where it is there; then the list stays as it was.
        if (list.RemoveEntry(certificate.SerialNumberBytes.Span))
            return false;
        list.AddEntry(certificate, now);
        byte[] built = list.Build(Certificate, number + 1, ends, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, now);
        NewFile.Write(RevokedPath, Encoding.ASCII.GetBytes(PemEncoding.WriteString("X509 CRL", built) + "\n"), isPrivate: false, replace: true);
        return true;
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _held.Dispose();
    }

    private static X509Certificate2 Read(string path, FileStream key)
    {
        if (!File.Exists(path))
            throw new CertificateException($"{Printable.Text(path)} is not there; make an authority with adit cert ca");
        using FileStream certificate = File.OpenRead(path);
        try
        {
            return X509Certificate2.CreateFromPem(ReadText(certificate, MaxFileLength), ReadText(key, MaxFileLength));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CertificateException($"{Printable.Text(path)} and {KeyFile} beside it do not fit each other, or cannot be read: {e.Message}", e);
        }
    }

    private static string ReadText(FileStream file, int limit)
    {
        byte[] text = new byte[limit + 1];
        try
        {
            int length = file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return length <= limit ? Encoding.UTF8.GetString(text, 0, length)
                : throw new CertificateException($"{Printable.Text(file.Name)} is over the limit of {limit} bytes");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    private (CertificateRevocationListBuilder List, BigInteger Number) ReadRevoked()
    {
        if (!File.Exists(RevokedPath))
            return (new(), BigInteger.Zero);
        using FileStream file = File.OpenRead(RevokedPath);
        try
        {
            return (CertificateRevocationListBuilder.LoadPem(ReadText(file, MaxRevokedLength), out BigInteger number), number);
        }
        catch (CryptographicException e)
        {
            throw new CertificateException($"{Printable.Text(RevokedPath)} cannot be read as a list of revoked certificates: {e.Message}", e);
        }
    }

    // Of two that revoke at once, the second would write the list without what the first one added.
    private static FileStream OpenAlone(string path)
    {
        try
        {
            return LockedFile.Open(path, new() { Mode = FileMode.Open, Access = FileAccess.Read });
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CertificateException($"{Printable.Text(path)} is not there; make an authority with adit cert ca", e);
        }
    }
}
