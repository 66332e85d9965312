using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Gateway.Configuration;

/// <summary>All that a gateway works by, as it was read at one moment: the file, the host keys and certificates. Immutable.</summary>
internal sealed class GatewayConfiguration
{
    private GatewayConfiguration(SshdConfig config, GatewaySettings global, IReadOnlyList<ISshSigner> hostKeys, GatewayTls? tls, IReadOnlyList<string> notes)
    {
        Notes = notes;
        Config = config;
        Global = global;
        HostKeys = hostKeys;
        Tls = tls;
        MostChannels = config.MostChannels();
        UserKeyAlgorithms = config.UserKeyAlgorithms(global);
    }

    /// <summary>The file with its Match blocks.</summary>
    public SshdConfig Config { get; }

    /// <summary>What holds before a user is known.</summary>
    public GatewaySettings Global { get; }

    /// <summary>The most channels and sessions that one connection may have; null for no limit.</summary>
    public int? MostChannels { get; }

    /// <summary>The host keys, and those of them again that present certificates.</summary>
    public IReadOnlyList<ISshSigner> HostKeys { get; }

    /// <summary>What TLS ports work by; null where there are none.</summary>
    public GatewayTls? Tls { get; }

    /// <summary>Signature algorithms that PubkeyAcceptedAlgorithms names for anybody: what clients are told before their user is known.</summary>
    public IReadOnlyList<string> UserKeyAlgorithms { get; }

    /// <summary>What the administrator may want to know.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Reads the host keys of a configuration, and the certificates of its TLS ports.</summary>
    /// <exception cref="ConfigException">One cannot be used, or there is none.</exception>
    public static GatewayConfiguration Of(SshdConfig config)
    {
        GatewaySettings global = config.Settings(null);
        if (global.HostKeys.Length == 0)
            throw new ConfigException("no HostKey is set; make one with ssh-keygen -t ed25519 -f FILE and add HostKey FILE");
        var keys = new List<ISshSigner>();
        var notes = new List<string>(config.Notes);
        foreach (Sourced<string> path in global.HostKeys)
        {
            if (ReadKey(path, notes) is { } key)
                keys.Add(key);
        }

        if (keys.Count == 0)
            throw new ConfigException(global.HostKeys[0].Source, "none of the host keys is of a type that is served; make one with ssh-keygen -t ed25519 -f FILE");
        foreach (Sourced<string> path in global.HostCertificates)
            keys.Add(WithCertificate(keys, path));
        return new(config, global, keys, GatewayTls.Of(global), notes);
    }

    // A file may name old types of keys beside those of today; sshd, too, goes on with those that it can use.
    private static SshPrivateKey? ReadKey(Sourced<string> path, List<string> notes)
    {
        try
        {
            return HostKeyFile.Read(path.Value);
        }
        catch (SshKeyException e) when (e.Kind is SshKeyError.Unsupported)
        {
            notes.Add($"{path.Source}: HostKey {path.Value} is left out: {e.Message}");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SshKeyException)
        {
            throw new ConfigException(path.Source, $"HostKey {path.Value}: {e.Message}", e);
        }
    }

    private static SshPrivateKey WithCertificate(List<ISshSigner> keys, Sourced<string> path)
    {
        try
        {
            string line = File.ReadLines(path.Value).First(static text => text.Length > 0 && !text.StartsWith('#'));
            if (!SshPublicKey.TryParseLine(line, out SshPublicKey? certificate, out _) || certificate.Certificate is not { Kind: CertificateKind.Host })
                throw new ConfigException(path.Source, $"HostCertificate {path.Value}: it holds no host certificate");
            return keys.OfType<SshPrivateKey>().FirstOrDefault(key => key.PublicKey.Equals(certificate.WithoutCertificate))?.WithCertificate(certificate)
                ?? throw new ConfigException(path.Source, $"HostCertificate {path.Value}: it is for none of the host keys");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or SshKeyException)
        {
            throw new ConfigException(path.Source, $"HostCertificate {path.Value}: {e.Message}", e);
        }
    }
}
