using Adit.Bench.Speed;

namespace Adit.Bench.Tls;

/// <summary>The ways of speaking TLS for programs that do not. Their options are lines of the files of both ends.</summary>
internal static class TlsContender
{
    private const string Aes128 = "ciphersuites = TLS_AES_128_GCM_SHA256";

    /// <summary>stunnel at both ends, with the cipher that it comes with.</summary>
    public static readonly Contender Stunnel = new("stunnel", ClientProgram.Stunnel, ServerProgram.Stunnel);

    /// <summary>stunnel at both ends, with AES-128-GCM.</summary>
    public static readonly Contender StunnelAes128 = new("stunnel 128", ClientProgram.Stunnel, ServerProgram.Stunnel, Aes128);

    /// <summary>Adit's client with stunnel's server.</summary>
    public static readonly Contender AditStunnel = new("adit+stunnel", ClientProgram.AditTls, ServerProgram.Stunnel, Aes128);

    /// <summary>stunnel's client with Adit's server.</summary>
    public static readonly Contender StunnelAdit = new("stunnel+adit", ClientProgram.Stunnel, ServerProgram.AditTls, Aes128);

    /// <summary>Adit at both ends, with the cipher that it comes with.</summary>
    public static readonly Contender Adit = new("adit", ClientProgram.AditTls, ServerProgram.AditTls);

    /// <summary>Adit at both ends, with AES-128-GCM.</summary>
    public static readonly Contender AditAes128 = new("adit 128", ClientProgram.AditTls, ServerProgram.AditTls, Aes128);

    /// <summary>Those with a tunnel.</summary>
    public static readonly IReadOnlyList<Contender> Tunnels = [StunnelAes128, AditAes128, Stunnel, Adit, AditStunnel, StunnelAdit];
}
