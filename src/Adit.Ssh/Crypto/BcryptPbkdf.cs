using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>
/// bcrypt_pbkdf of OpenBSD, which turns the passphrase of an OpenSSH private key file into its cipher's key (PROTOCOL.key).
/// Thread-safe.
/// </summary>
internal static class BcryptPbkdf
{
    /// <summary>Above this a file could hold a thread for minutes; ssh-keygen's own default is 24.</summary>
    public const int MaxRounds = 10_000;

    public const int MaxOutput = 1024;

    private const int HashSize = 32;
    private const int HashWords = HashSize / 4;
    private const int WorkSize = (2 * SHA512.HashSizeInBytes) + HashSize;

    /// <summary>Fills the output, of at most 1024 bytes, from a passphrase and a salt, neither empty, by 1 to 10,000 rounds.</summary>
    /// <exception cref="SshException">The rounds, the passphrase, the salt or the output are outside these limits.</exception>
    public static void Derive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int rounds, Span<byte> output)
    {
        if (rounds is < 1 or > MaxRounds)
            throw new SshException($"bcrypt with {rounds} rounds is refused; 1 to {MaxRounds} are allowed");
        if (passphrase.IsEmpty || salt.IsEmpty)
            throw new SshException($"bcrypt needs a {(passphrase.IsEmpty ? "passphrase" : "salt")} that is not empty");
        if (output.Length is 0 or > MaxOutput)
            throw new SshException($"bcrypt cannot derive {output.Length} bytes; 1 to {MaxOutput} are allowed");

        using SecretBytes scratch = new((2 * SHA512.HashSizeInBytes) + (2 * HashSize) + WorkSize);
        Span<byte> passphraseHash = scratch.Span[..64], saltHash = scratch.Span.Slice(64, 64);
        Span<byte> round = scratch.Span.Slice(128, HashSize), block = scratch.Span.Slice(160, HashSize);
        Span<uint> work = MemoryMarshal.Cast<byte, uint>(scratch.Span[192..]);
        using BlowfishState cipher = new();
        byte[] countedSalt = [.. salt, 0, 0, 0, 0];
        SHA512.HashData(passphrase, passphraseHash);

        // The bytes of each block are spread over the whole output, so that no part of it costs less than all of it.
        int stride = (output.Length + HashSize - 1) / HashSize;
        for (int index = 0; index < stride; index++)
        {
            BinaryPrimitives.WriteInt32BigEndian(countedSalt.AsSpan(salt.Length), index + 1);
            SHA512.HashData(countedSalt, saltHash);
            Hash(cipher, passphraseHash, saltHash, work, round);
            round.CopyTo(block);
            for (int i = 1; i < rounds; i++)
            {
                SHA512.HashData(round, saltHash);
                Hash(cipher, passphraseHash, saltHash, work, round);
                for (int j = 0; j < HashSize; j++)
                    block[j] ^= round[j];
            }
            for (int i = 0; (i * stride) + index < output.Length; i++)
                output[(i * stride) + index] = block[i];
        }
    }

    private static void Hash(
        BlowfishState cipher, ReadOnlySpan<byte> passphraseHash, ReadOnlySpan<byte> saltHash, Span<uint> words, Span<byte> output)
    {
        Span<uint> key = words[..16], salt = words.Slice(16, 16), text = words.Slice(32, HashWords);
        ReadBigEndian(passphraseHash, key);
        ReadBigEndian(saltHash, salt);
        ReadBigEndian("OxychromaticBlowfishSwatDynamite"u8, text);

        cipher.Reset();
        cipher.Expand(key, salt);
        for (int i = 0; i < 64; i++)
        {
            cipher.Expand(salt);
            cipher.Expand(key);
        }
        for (int i = 0; i < 64; i++)
        {
            for (int pair = 0; pair < HashWords; pair += 2)
                cipher.Encrypt(ref text[pair], ref text[pair + 1]);
        }
        for (int i = 0; i < HashWords; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(output[(4 * i)..], text[i]);
    }

    private static void ReadBigEndian(ReadOnlySpan<byte> bytes, Span<uint> words)
    {
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes[(4 * i)..]);
    }
}
