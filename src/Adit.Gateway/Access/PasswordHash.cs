using System.Globalization;
using System.Security.Cryptography;

namespace Adit.Gateway.Access;

/// <summary>
/// A password as AditUsersFile keeps it: <c>pbkdf2-sha512$iterations$salt$hash</c>, the last two in base64 (RFC 8018).
/// </summary>
internal sealed record PasswordHash(int Iterations, byte[] Salt, byte[] Hash)
{
    private const string Scheme = "pbkdf2-sha512";
    private const int DefaultIterations = 210_000;
    private const int MinIterations = 10_000;
    private const int MaxIterations = 10_000_000;
    private const int SaltLength = 16;
    private const int HashLength = 32;

    /// <summary>What a user who has no password is compared with, so that the answer takes as long.</summary>
    public static PasswordHash Nobody { get; } = Of(RandomNumberGenerator.GetBytes(HashLength));

    /// <summary>Hashes a password, in UTF-8, with a new salt.</summary>
    public static PasswordHash Of(ReadOnlySpan<byte> password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        return new(DefaultIterations, salt, Derive(password, salt, DefaultIterations));
    }

    /// <exception cref="FormatException">The text is none.</exception>
    public static PasswordHash Parse(string text)
    {
        string[] fields = text.Split('$');
        if (fields is [Scheme, var count, var salt, var hash]
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int iterations)
            && iterations is >= MinIterations and <= MaxIterations)
        {
            var parsed = new PasswordHash(iterations, Convert.FromBase64String(salt), Convert.FromBase64String(hash));
            if (parsed.Hash.Length == HashLength && parsed.Salt.Length >= SaltLength / 2)
                return parsed;
        }

        throw new FormatException($"a password has the form {Scheme}$iterations$salt$hash; adit gateway --hash makes one");
    }

    /// <summary>Whether this is the password, in constant time.</summary>
    public bool Fits(ReadOnlySpan<byte> password)
    {
        byte[] derived = Derive(password, Salt, Iterations);
        bool fits = CryptographicOperations.FixedTimeEquals(derived, Hash);
        CryptographicOperations.ZeroMemory(derived);
        return fits;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Scheme}${Iterations}${Convert.ToBase64String(Salt)}${Convert.ToBase64String(Hash)}");

    private static byte[] Derive(ReadOnlySpan<byte> password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, HashLength);
}
