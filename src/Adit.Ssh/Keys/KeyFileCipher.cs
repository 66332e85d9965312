using System.Security.Cryptography;
using Adit.Ssh.Crypto;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>
/// A cipher of openssh-key-v1 files. AES-CBC is among them because older ssh-keygen wrote it: a file that can only be read with it is
/// better read than kept. New files are written with AES-CTR.
/// </summary>
internal sealed record KeyFileCipher(string Name, int KeyLength, int IvLength, int BlockSize, int TagLength)
{
    private static readonly KeyFileCipher[] All =
    [
        new("none", 0, 0, 8, 0),
        new("aes128-ctr", 16, 16, 16, 0),
        new("aes192-ctr", 24, 16, 16, 0),
        new("aes256-ctr", 32, 16, 16, 0),
        new("aes128-cbc", 16, 16, 16, 0),
        new("aes192-cbc", 24, 16, 16, 0),
        new("aes256-cbc", 32, 16, 16, 0),
        new("aes128-gcm@openssh.com", 16, 12, 16, AesGcmCipher.TagSize),
        new("aes256-gcm@openssh.com", 32, 12, 16, AesGcmCipher.TagSize),
        new("chacha20-poly1305@openssh.com", 64, 0, 8, Poly1305.TagSize),
    ];

    public int KeyAndIvLength => KeyLength + IvLength;

    public static KeyFileCipher Named(string name) => All.FirstOrDefault(cipher => cipher.Name == name)
        ?? throw new SshKeyException(SshKeyError.Unsupported, $"the file is encrypted with {PeerText.Printable(name)}, which is not served; rewrite it with ssh-keygen -p");

    /// <summary>Opens the private section. False when its tag is wrong; a cipher without a tag cannot tell.</summary>
    public bool TryOpen(ReadOnlySpan<byte> keyAndIv, ReadOnlySpan<byte> input, ReadOnlySpan<byte> tag, Span<byte> output)
    {
        ReadOnlySpan<byte> key = keyAndIv[..KeyLength];
        ReadOnlySpan<byte> iv = keyAndIv[KeyLength..];
        switch (Name)
        {
            case "none":
                input.CopyTo(output);
                return true;
            case "aes128-cbc" or "aes192-cbc" or "aes256-cbc":
                using (Aes aes = Aes.Create())
                {
                    aes.SetKey(key);
                    aes.DecryptCbc(input, iv, output, PaddingMode.None);
                }

                return true;
            case "aes128-gcm@openssh.com" or "aes256-gcm@openssh.com":
                using (var gcm = new AesGcmCipher(key, encrypting: false))
                    return gcm.TryOpen(iv, [], input, tag, output);
            case "chacha20-poly1305@openssh.com":
                return TryOpenChaCha(key, input, tag, output);
            default:
                using (var ctr = new AesCtr(key))
                    ctr.Transform(iv, input, output);
                return true;
        }
    }

    /// <summary>Encrypts the private section of a new file.</summary>
    public void Seal(ReadOnlySpan<byte> keyAndIv, ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (Name == "none")
        {
            input.CopyTo(output);
            return;
        }

        using var ctr = new AesCtr(keyAndIv[..KeyLength]);
        ctr.Transform(keyAndIv[KeyLength..], input, output);
    }

    // PROTOCOL.chacha20poly1305 with sequence number 0 and no length: the first half of the key is the payload's.
    private static bool TryOpenChaCha(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, ReadOnlySpan<byte> tag, Span<byte> output)
    {
        using var chacha = new ChaCha20(key[..ChaCha20.KeySize]);
        using var poly = new Poly1305();
        Span<byte> oneTimeKey = stackalloc byte[Poly1305.KeySize];
        oneTimeKey.Clear();
        chacha.Transform(0, 0, oneTimeKey, oneTimeKey);
        Span<byte> expected = stackalloc byte[Poly1305.TagSize];
        poly.Compute(oneTimeKey, input, expected);
        CryptographicOperations.ZeroMemory(oneTimeKey);
        if (!CryptographicOperations.FixedTimeEquals(expected, tag))
            return false;
        chacha.Transform(0, 1, input, output);
        return true;
    }
}
