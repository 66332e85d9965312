using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Adit.Ssh.Crypto;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>The openssh-key-v1 format of OpenSSH's PROTOCOL.key, plain and encrypted.</summary>
internal static class OpenSshKeyFile
{
    private const int LineLength = 70;
    private const int SaltLength = 16;
    private const int NewFileRounds = 24;

    private static ReadOnlySpan<byte> Begin => "-----BEGIN OPENSSH PRIVATE KEY-----"u8;

    private static ReadOnlySpan<byte> End => "-----END OPENSSH PRIVATE KEY-----"u8;

    private static ReadOnlySpan<byte> Magic => "openssh-key-v1\0"u8;

    public static bool IsOne(ReadOnlySpan<byte> file) => file.IndexOf(Begin) >= 0;

    /// <summary>The public key, which the file holds in clear.</summary>
    public static SshPublicKey ReadPublicKey(ReadOnlySpan<byte> file)
    {
        using SecretBytes content = Decode(file);
        var reader = new SshReader(content.Span);
        ReadHeader(ref reader, out _, out _, out _);
        return SshPublicKey.Parse(reader.ReadString());
    }

    public static bool IsEncrypted(ReadOnlySpan<byte> file)
    {
        using SecretBytes content = Decode(file);
        var reader = new SshReader(content.Span);
        ReadHeader(ref reader, out string cipher, out _, out _);
        return cipher != "none";
    }

    public static KeySigner Read(ReadOnlySpan<byte> file, ReadOnlySpan<byte> passphrase, out string comment)
    {
        using SecretBytes content = Decode(file);
        var reader = new SshReader(content.Span);
        ReadHeader(ref reader, out string cipher, out string kdf, out byte[] kdfOptions);
        SshPublicKey publicKey = SshPublicKey.Parse(reader.ReadString());
        KeyFileCipher fileCipher = KeyFileCipher.Named(cipher);
        if ((kdf == "none") != (cipher == "none") || kdf is not ("none" or "bcrypt"))
            throw new SshKeyException(SshKeyError.Unsupported, $"the key derivation {PeerText.Printable(kdf)} with cipher {cipher} is not served");
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

    public static byte[] Write(KeySigner signer, ReadOnlySpan<byte> passphrase, string comment)
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
        byte[] text = Encode(file.Written);
        file.Dispose();
        return text;
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
        string type = reader.ReadName();
        if (KeyType.Named(type).IsCertificate)
            throw new SshKeyException(SshKeyError.Unsupported, "the file holds a certificate with the private key; keep the certificate in a file of its own");
        KeySigner signer = KeySigner.Read(type, ref reader);
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
        if (salt.IsEmpty || rounds == 0)
            throw new SshFormatException("the key derivation has no salt or no rounds");
        if (rounds > BcryptPbkdf.MaxRounds)
        {
            throw new SshKeyException(
                SshKeyError.Unsupported, $"the file derives its key in {rounds} rounds, over the limit of {BcryptPbkdf.MaxRounds}; rewrite it with ssh-keygen -p -a ROUNDS");
        }

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

    private static SecretBytes Decode(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> base64 = file[(file.IndexOf(Begin) + Begin.Length)..];
        int end = base64.IndexOf(End);
        if (end < 0)
            throw new SshFormatException($"the line {Encoding.ASCII.GetString(End)} is missing");
        base64 = base64[..end];
        if (!Base64.IsValid(base64, out int length))
            throw new SshFormatException("the file is not base64");
        var content = new SecretBytes(length);
        Base64.DecodeFromUtf8(base64, content.Span, out _, out _);
        return content;
    }

    private static byte[] Encode(ReadOnlySpan<byte> content)
    {
        using var base64 = new SecretBytes(Base64.GetMaxEncodedToUtf8Length(content.Length));
        Base64.EncodeToUtf8(content, base64.Span, out _, out _);
        var text = new SshWriter(stackalloc byte[4096]);
        text.WriteBytes(Begin);
        text.WriteByte((byte)'\n');
        for (int i = 0; i < base64.Length; i += LineLength)
        {
            text.WriteBytes(base64.Span.Slice(i, Math.Min(LineLength, base64.Length - i)));
            text.WriteByte((byte)'\n');
        }

        text.WriteBytes(End);
        text.WriteByte((byte)'\n');
        byte[] file = text.ToArray();
        text.Dispose();
        return file;
    }

    private static SshKeyException Wrong() => new(SshKeyError.WrongPassphrase, "the passphrase is wrong");
}
