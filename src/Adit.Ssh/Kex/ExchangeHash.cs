using System.Security.Cryptography;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Kex;

/// <summary>The exchange hash H, RFC 4253 section 8 and RFC 5656 section 4, and the keys derived from it, RFC 4253 section 7.2.</summary>
internal static class ExchangeHash
{
    public static byte[] Compute(HashAlgorithmName hash, in ExchangeTranscript transcript, ReadOnlySpan<byte> encodedSecret)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteString(transcript.ClientIdentification);
        writer.WriteString(transcript.ServerIdentification);
        writer.WriteString(transcript.ClientKexInit);
        writer.WriteString(transcript.ServerKexInit);
        writer.WriteString(transcript.HostKey);
        writer.WriteString(transcript.Offer);
        writer.WriteString(transcript.Answer);
        writer.WriteBytes(encodedSecret);
        byte[] digest = CryptographicOperations.HashData(hash, writer.Written);
        writer.Dispose();
        return digest;
    }

    /// <summary>Fills <paramref name="key"/> with the key that belongs to <paramref name="letter"/>, 'A' to 'F'.</summary>
    public static void DeriveKey(
        HashAlgorithmName hash, ReadOnlySpan<byte> encodedSecret, ReadOnlySpan<byte> exchangeHash, char letter, ReadOnlySpan<byte> sessionId, Span<byte> key)
    {
        int filled = 0;
        var writer = new SshWriter(stackalloc byte[1024]);
        while (filled < key.Length)
        {
            writer.Clear();
            writer.WriteBytes(encodedSecret);
            writer.WriteBytes(exchangeHash);
            if (filled == 0)
            {
                writer.WriteByte((byte)letter);
                writer.WriteBytes(sessionId);
            }
            else
            {
                writer.WriteBytes(key[..filled]);
            }

            byte[] block = CryptographicOperations.HashData(hash, writer.Written);
            int take = Math.Min(block.Length, key.Length - filled);
            block.AsSpan(0, take).CopyTo(key[filled..]);
            CryptographicOperations.ZeroMemory(block);
            filled += take;
        }

        writer.Dispose();
    }
}

/// <summary>What both ends said during an exchange: all that H covers besides the secret.</summary>
internal readonly record struct ExchangeTranscript(
    string ClientIdentification,
    string ServerIdentification,
    byte[] ClientKexInit,
    byte[] ServerKexInit,
    byte[] HostKey,
    byte[] Offer,
    byte[] Answer);
