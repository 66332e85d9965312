using System.Security.Cryptography;
using Adit.Ssh.Crypto;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Kex;

/// <summary>A cipher by its name on the wire, with the sizes of what is derived for it.</summary>
internal sealed record CipherAlgorithm(string Name, int KeyLength, int IvLength, CipherAlgorithm.Mode Kind)
{
    private static readonly CipherAlgorithm[] Known =
    [
        new("aes128-gcm@openssh.com", 16, 12, Mode.Gcm),
        new("aes256-gcm@openssh.com", 32, 12, Mode.Gcm),
        new("chacha20-poly1305@openssh.com", ChaChaPolyPacketCipher.KeyLength, 0, Mode.ChaChaPoly),
        new("aes128-ctr", 16, 16, Mode.Ctr),
        new("aes192-ctr", 24, 16, Mode.Ctr),
        new("aes256-ctr", 32, 16, Mode.Ctr),
    ];

    /// <summary>Every cipher that is served: fastest on today's processors first. What this machine's libcrypto lacks is left out.</summary>
    public static IReadOnlyList<CipherAlgorithm> All { get; } = [.. Known.Where(static algorithm => algorithm.IsServed)];

    internal enum Mode
    {
        Gcm,
        ChaChaPoly,
        Ctr,
    }

    /// <summary>The cipher brings its own integrity; no MAC is negotiated.</summary>
    public bool IsAead => Kind is not Mode.Ctr;

    private bool IsServed => !LibCrypto.IsAvailable || Kind switch
    {
        Mode.Gcm => AesGcmCipher.IsSupported,
        Mode.ChaChaPoly => ChaCha20.IsSupported && Poly1305.IsSupported,
        _ => AesCtr.IsSupported && Hmac.IsSupported,
    };

    public static CipherAlgorithm Named(string name) => All.First(algorithm => algorithm.Name == name);

    /// <summary>Whether an attacker who shifted the sequence numbers of the first key exchange could drop the first protected packets unnoticed.</summary>
    public bool IsOpenToTerrapin(MacAlgorithm? mac) => Kind is Mode.ChaChaPoly || (Kind is Mode.Ctr && mac is { EncryptsThenMacs: true });

    public PacketCipher Create(MacAlgorithm? mac, ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> macKey, bool sealing) => Kind switch
    {
        Mode.Gcm => new AesGcmPacketCipher(key, iv, sealing),
        Mode.ChaChaPoly => new ChaChaPolyPacketCipher(key),
        _ when mac is { EncryptsThenMacs: true } => new AesCtrEtmPacketCipher(key, iv, new Hmac(mac.Hash, macKey)),
        _ => new AesCtrHmacPacketCipher(key, iv, new Hmac(mac!.Hash, macKey)),
    };
}

/// <summary>A MAC by its name on the wire.</summary>
internal sealed record MacAlgorithm(string Name, HashAlgorithmName Hash, int KeyLength, bool EncryptsThenMacs)
{
    /// <summary>Every MAC that is served, strongest construction first.</summary>
    public static IReadOnlyList<MacAlgorithm> All { get; } =
    [
        new("hmac-sha2-256-etm@openssh.com", HashAlgorithmName.SHA256, 32, true),
        new("hmac-sha2-512-etm@openssh.com", HashAlgorithmName.SHA512, 64, true),
        new("hmac-sha2-256", HashAlgorithmName.SHA256, 32, false),
        new("hmac-sha2-512", HashAlgorithmName.SHA512, 64, false),
    ];

    public static MacAlgorithm Named(string name) => All.First(algorithm => algorithm.Name == name);
}
