using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Platform;
using Microsoft.Win32.SafeHandles;

namespace Adit.Tls;

/// <summary>Reads files of keys, certificates and revocations, up to 1 MiB each.</summary>
internal static class TlsFile
{
    private const int MaxBytes = 1024 * 1024;
    private const int MaxFiles = 10_000;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="holdsKey">Whether it may be readable by nobody else: a key is in it.</param>
    /// <exception cref="TlsFileException">It cannot be read, is too large, or others may read the key.</exception>
    public static byte[] Read(string path, bool holdsKey = false)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (holdsKey)
                RefuseReadableByOthers(file, path);
            using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0);
            byte[] bytes = new byte[MaxBytes + 1];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            byte[] read = bytes[..Math.Min(length, MaxBytes)];
            CryptographicOperations.ZeroMemory(bytes);
            return length <= MaxBytes ? read : throw new TlsFileException($"{path}: the file is larger than 1 MiB");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TlsFileException($"{path}: there is no such file", e);
        }
        catch (Exception e) when (e is (IOException and not TlsFileException) or UnauthorizedAccessException or ArgumentException)
        {
            throw new TlsFileException($"{path}: it cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The certificates of a PEM or DER file.</summary>
    /// <exception cref="TlsFileException">It cannot be read, or holds none.</exception>
    public static X509Certificate2Collection ReadCertificates(string path) => Certificates(Read(path), path);

    /// <summary>The certificates of all files of a folder. Files that hold none are passed over.</summary>
    /// <exception cref="TlsFileException">The folder cannot be read, or holds none.</exception>
    public static X509Certificate2Collection ReadCertificateFolder(string folder)
    {
        X509Certificate2Collection all = [];
        foreach ((string path, byte[] bytes) in FilesWith(folder, "-----BEGIN CERTIFICATE-----"u8.ToArray()))
            all.AddRange(Certificates(bytes, path));
        return all.Count > 0 ? all : throw new TlsFileException($"{folder}: there is no certificate in it");
    }

    /// <summary>The lists of revoked certificates of all files of a folder, likewise.</summary>
    /// <exception cref="TlsFileException">The folder cannot be read, or holds none.</exception>
    public static IReadOnlyList<RevocationList> ReadRevocationFolder(string folder)
    {
        List<RevocationList> all = [];
        foreach ((string path, byte[] bytes) in FilesWith(folder, "-----BEGIN X509 CRL-----"u8.ToArray()))
            all.AddRange(RevocationList.Of(bytes, path));
        return all.Count > 0 ? all : throw new TlsFileException($"{folder}: there is no list of revoked certificates in it");
    }

    /// <summary>Whether these are PEM's letters.</summary>
    public static bool IsPem(ReadOnlySpan<byte> bytes) => bytes.IndexOf("-----BEGIN "u8) >= 0;

    private static X509Certificate2Collection Certificates(byte[] bytes, string path)
    {
        try
        {
            X509Certificate2Collection all = [];
            if (IsPem(bytes))
                all.ImportFromPem(Encoding.ASCII.GetString(bytes));
            else
                all.Add(X509CertificateLoader.LoadCertificate(bytes));
            return all.Count > 0 ? all : throw new TlsFileException($"{path}: there is no certificate in it");
        }
        catch (CryptographicException e)
        {
            throw new TlsFileException($"{path}: no certificate can be read from it: {e.Message}", e);
        }
    }

    private static IEnumerable<(string Path, byte[] Bytes)> FilesWith(string folder, byte[] mark) =>
        Files(folder).Select(static path => (path, Read(path))).Where(file => file.Item2.AsSpan().IndexOf(mark) >= 0);

    private static string[] Files(string folder)
    {
        try
        {
            string[] files = Directory.GetFiles(folder);
            Array.Sort(files, StringComparer.Ordinal);
            return files.Length <= MaxFiles ? files : throw new TlsFileException($"{folder}: the folder has more than {MaxFiles} files");
        }
        catch (Exception e) when (e is (IOException and not TlsFileException) or UnauthorizedAccessException or ArgumentException)
        {
            throw new TlsFileException($"{folder}: the folder cannot be read: {e.Message}", e);
        }
    }

    // As libpq has it: what belongs to root may be readable by its group.
    private static void RefuseReadableByOthers(SafeFileHandle file, string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        const UnixFileMode never = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;
        UnixFileMode mode = File.GetUnixFileMode(file);
        bool isRoots = UnixFile.Look(file) is { Owner: 0 };
        if ((mode & (isRoots ? never : never | UnixFileMode.GroupRead)) != UnixFileMode.None)
            throw new TlsFileException($"{path}: others may read or change the key in it; run: chmod 600 {path}");
    }
}
