using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Kex;

/// <summary>A key exchange method by its name on the wire.</summary>
internal sealed record KexAlgorithm(string Name, HashAlgorithmName Hash, Func<KeyAgreement> Begin)
{
    /// <summary>Whether a quantum computer could not undo it either, as far as is known.</summary>
    public bool IsPostQuantum { get; init; }

    /// <summary>Every method that is served, strongest first. What this machine's libcrypto lacks is left out.</summary>
    public static IReadOnlyList<KexAlgorithm> All { get; } =
    [
        .. Known.Where(static algorithm => !LibCrypto.IsAvailable || X25519.IsSupported || !algorithm.Name.Contains("25519", StringComparison.Ordinal)),
    ];

    private static KexAlgorithm[] Known =>
    [
        new("mlkem768x25519-sha256", HashAlgorithmName.SHA256, static () => new MlKem768X25519Agreement()) { IsPostQuantum = true },
        new("curve25519-sha256", HashAlgorithmName.SHA256, static () => new Curve25519Agreement()),
        new("curve25519-sha256@libssh.org", HashAlgorithmName.SHA256, static () => new Curve25519Agreement()),
        new("ecdh-sha2-nistp256", HashAlgorithmName.SHA256, static () => new EcdhAgreement(ECCurve.NamedCurves.nistP256)),
        new("ecdh-sha2-nistp384", HashAlgorithmName.SHA384, static () => new EcdhAgreement(ECCurve.NamedCurves.nistP384)),
        new("ecdh-sha2-nistp521", HashAlgorithmName.SHA512, static () => new EcdhAgreement(ECCurve.NamedCurves.nistP521)),
        new("diffie-hellman-group16-sha512", HashAlgorithmName.SHA512, static () => new FiniteFieldAgreement(FiniteFieldGroup.Group16)),
        new("diffie-hellman-group18-sha512", HashAlgorithmName.SHA512, static () => new FiniteFieldAgreement(FiniteFieldGroup.Group18)),
        new("diffie-hellman-group14-sha256", HashAlgorithmName.SHA256, static () => new FiniteFieldAgreement(FiniteFieldGroup.Group14)),
    ];

    public static KexAlgorithm Named(string name) => All.First(algorithm => algorithm.Name == name);
}
