using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Adit.Ssh.Crypto;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>The openssh-key-v1 format of OpenSSH's PROTOCOL.key, plain and encrypted.</summary>
internal static class OpenSshKeyFile
{
    private const string Begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
    private const string End = "-----END OPENSSH PRIVATE KEY-----";
    private const int LineLength = 70;
    private const int SaltLength = 16;
    private const int NewFileRounds = 24;

    private static ReadOnlySpan<byte> Magic => "openssh-key-v1\0"u8;

    public static bool IsOne(string text) => text.Contains(Begin, StringComparison.Ordinal);

    /// <summary>The public key, which the file holds in clear.</summary>
    public static SshPublicKey ReadPublicKey(string text)
    {
        var reader = new SshReader(Decode(text));
        ReadHeader(ref reader, out _, out _, out _);
        return SshPublicKey.Parse(reader.ReadString());
    }

    public static bool IsEncrypted(string text)
    {
        var reader = new SshReader(Decode(text));
        ReadHeader(ref reader, out string cipher, out _, out _);
        return cipher != "none";
    }

    public static KeySigner Read(string text, ReadOnlySpan<byte> passphrase, out string comment)
    {
        byte[] file = Decode(text);
        var reader = new SshReader(file);
        ReadHeader(ref reader, out string cipher, out string kdf, out byte[] kdfOptions);
        SshPublicKey publicKey = SshPublicKey.Parse(reader.ReadString());
        KeyFileCipher fileCipher = KeyFileCipher.Named(cipher);
        if ((kdf == "none") != (cipher == "none") || kdf is not ("none" or "bcrypt"))
            throw new SshKeyException(SshKeyError.Unsupported, $"the key derivation {kdf} with cipher {cipher} is not served");
        if (cipher != "none" && passphrase.IsEmpty)
            throw new SshKeyException(SshKeyError.PassphraseNeeded, "the key is encrypted; its passphrase is needed");

        ReadOnlySpan<byte> sealedSection = reader.ReadString();
        ReadOnlySpan<byte> tag = reader.ReadBytes(fileCipher.TagLength);
        reader.ReadEnd();
        if (sealedSection.Length % fileCipher.BlockSize != 0)
            throw new SshFormatException("the private section is no multiple of the cipher's block");
        using var section = new SecretBytes(sealedSection.Length);
        using SecretBytes key = DeriveKey(fileCipher, kdfOptions, passphrase);
        if (!fileCipher.TryOpen(key.Span, sealedSection, tag, section.Span))
            throw Wrong();
        KeySigner signer = ReadSection(section.Span, cipher != "none", out comment);
        if (signer.PublicKey.Equals(publicKey))
            return signer;
        signer.Dispose();
        throw new SshKeyException(SshKeyError.Malformed, "the private key does not belong to the public key of its file");
    }

    public static string Write(KeySigner signer, ReadOnlySpan<byte> passphrase, string comment)
    {
        KeyFileCipher cipher = KeyFileCipher.Named(passphrase.IsEmpty ? "none" : "aes256-ctr");
        byte[] kdfOptions = passphrase.IsEmpty ? [] : NewKdfOptions();
        using SecretBytes key = DeriveKey(cipher, kdfOptions, passphrase);

        var section = new SshWriter(stackalloc byte[2048]);
        uint check = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));
        section.WriteUInt32(check);
        section.WriteUInt32(check);
        section.WriteString(signer.PublicKey.KeyType);
        signer.Write(ref section);
        section.WriteString(comment);
        for (byte padding = 1; section.Length % cipher.BlockSize != 0; padding++)
            section.WriteByte(padding);
        byte[] sealedSection = new byte[section.Length];
        cipher.Seal(key.Span, section.Written, sealedSection);
        section.Dispose();

        var file = new SshWriter(stackalloc byte[4096]);
        file.WriteBytes(Magic);
        file.WriteString(cipher.Name);
        file.WriteString(passphrase.IsEmpty ? "none" : "bcrypt");
        file.WriteString(kdfOptions);
        file.WriteUInt32(1);
        file.WriteString(signer.PublicKey.Blob.Span);
        file.WriteString(sealedSection);
        string base64 = Convert.ToBase64String(file.Written);
        file.Dispose();

        var text = new StringBuilder(Begin).Append('\n');
        for (int i = 0; i < base64.Length; i += LineLength)
            text.Append(base64.AsSpan(i, Math.Min(LineLength, base64.Length - i))).Append('\n');
        return text.Append(End).Append('\n').ToString();
    }

    private static void ReadHeader(ref SshReader reader, out string cipher, out string kdf, out byte[] kdfOptions)
    {
        if (!reader.ReadBytes(Magic.Length).SequenceEqual(Magic))
            throw new SshFormatException("the file does not begin with openssh-key-v1");
        cipher = reader.ReadName();
        kdf = reader.ReadName();
        kdfOptions = reader.ReadString().ToArray();
        if (reader.ReadUInt32() != 1)
            throw new SshKeyException(SshKeyError.Unsupported, "the file holds more than one key");
    }

    private static KeySigner ReadSection(ReadOnlySpan<byte> section, bool encrypted, out string comment)
    {
        var reader = new SshReader(section);

        // Two equal random numbers tell the right passphrase from a wrong one.
        if (reader.ReadUInt32() != reader.ReadUInt32())
            throw encrypted ? Wrong() : new SshKeyException(SshKeyError.Malformed, "the check numbers of the private section differ");
        KeySigner signer = KeySigner.Read(reader.ReadName(), ref reader);
        try
        {
            comment = reader.ReadHumanText();
            for (byte expected = 1; !reader.AtEnd; expected++)
            {
                if (reader.ReadByte() != expected)
                    throw new SshFormatException("the padding of the private section is wrong");
            }

            return signer;
        }
        catch (SshFormatException)
        {
            signer.Dispose();
            throw;
        }
    }

    private static SecretBytes DeriveKey(KeyFileCipher cipher, byte[] kdfOptions, ReadOnlySpan<byte> passphrase)
    {
        var key = new SecretBytes(cipher.KeyAndIvLength);
        if (cipher.KeyAndIvLength == 0)
            return key;
        var options = new SshReader(kdfOptions);
        ReadOnlySpan<byte> salt = options.ReadString();
        uint rounds = options.ReadUInt32();
        options.ReadEnd();
        if (salt.IsEmpty || rounds is 0 or > int.MaxValue)
            throw new SshKeyException(SshKeyError.Malformed, "the key derivation of the file has no salt or an impossible number of rounds");
        BcryptPbkdf.Derive(passphrase, salt, (int)rounds, key.Span);
        return key;
    }

    private static byte[] NewKdfOptions()
    {
        var writer = new SshWriter(stackalloc byte[64]);
        writer.WriteString(RandomNumberGenerator.GetBytes(SaltLength));
        writer.WriteUInt32(NewFileRounds);
        byte[] options = writer.ToArray();
        writer.Dispose();
        return options;
    }

    private static byte[] Decode(string text)
    {
        int start = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = text.IndexOf(End, start, StringComparison.Ordinal);
        if (end < 0)
            throw new SshFormatException($"the line {End} is missing");
        byte[] bytes = Encoding.ASCII.GetBytes(text[start..end]);
        if (!Base64.IsValid(bytes, out int length))
            throw new SshFormatException("the file is not base64");
        byte[] decoded = new byte[length];
        Base64.DecodeFromUtf8(bytes, decoded, out _, out int written);
        CryptographicOperations.ZeroMemory(bytes);
        return decoded[..written];
    }

    private static SshKeyException Wrong() => new(SshKeyError.WrongPassphrase, "the passphrase is wrong");
}
