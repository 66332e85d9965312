using System.Runtime.CompilerServices;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>Gathers the keys to offer, in ssh's order: those of the agent that are configured, the agent's others, then files.</summary>
internal sealed class Identities : IAsyncDisposable
{
    private readonly HostConfig _config;
    private readonly Func<string, CancellationToken, ValueTask<byte[]?>> _askPassphrase;
    private readonly Action<string> _notice;
    private readonly Action<string> _debug;
    private readonly Dictionary<string, FileKey> _opened = new(StringComparer.Ordinal);
    private SshAgent? _agent;

    /// <summary>Prepares gathering.</summary>
    /// <param name="config">Which keys.</param>
    /// <param name="askPassphrase">Asks for the passphrase of a file, given its path; null when nobody answers.</param>
    /// <param name="notice">Told of keys that cannot be used.</param>
    /// <param name="debug">Told what is looked at.</param>
    public Identities(
        HostConfig config, Func<string, CancellationToken, ValueTask<byte[]?>> askPassphrase, Action<string> notice, Action<string> debug)
    {
        _config = config;
        _askPassphrase = askPassphrase;
        _notice = notice;
        _debug = debug;
    }

    /// <summary>The agent in use, if there is one.</summary>
    public SshAgent? Agent => _agent;

    /// <summary>The keys to offer. Files that were opened once stay so; the agent is asked anew each time.</summary>
    public async ValueTask<IReadOnlyList<ISshSigner>> GatherAsync(CancellationToken cancellationToken)
    {
        List<SshPublicKey> certificates = [.. _config.CertificateFiles.Select(file => ReadPublic(file.Value)).OfType<SshPublicKey>()];
        var files = new List<ISshSigner>();
        foreach (Sourced<string> path in _config.IdentityFiles)
            files.AddRange(ReadFile(path, certificates));
        IReadOnlyList<AgentKey> agentKeys = await ListAgentAsync(cancellationToken).ConfigureAwait(false);

        var offered = new List<ISshSigner>();
        var ofFiles = new HashSet<SshPublicKey>(files.Select(static file => file.PublicKey));
        offered.AddRange(agentKeys.Where(key => ofFiles.Contains(key.PublicKey)));
        if (!_config.IdentitiesOnly)
            offered.AddRange(agentKeys.Where(key => !ofFiles.Contains(key.PublicKey)));
        var ofAgent = new HashSet<SshPublicKey>(agentKeys.Select(static key => key.PublicKey));
        offered.AddRange(files.Where(file => !ofAgent.Contains(file.PublicKey) && file is not AgentOnlyKey));
        foreach (ISshSigner shortKey in offered.Where(IsShortRsa))
            _notice($"the RSA key {shortKey.Source} has fewer than {_config.RequiredRsaSize} bits (RequiredRSASize) and is not used");
        offered.RemoveAll(IsShortRsa);
        return offered;
    }

    /// <summary>
    /// Hands keys that were used to the agent, those of files (AddKeysToAgent). Whatever is in the way is told, and no harm: who is logged in
    /// stays so.
    /// </summary>
    /// <param name="used">The keys that the server accepted.</param>
    /// <param name="confirm">Asks the user, given the question; null where nobody can be asked.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async ValueTask AddToAgentAsync(
        IEnumerable<ISshSigner> used, Func<string, CancellationToken, ValueTask<bool>>? confirm, CancellationToken cancellationToken)
    {
        if (_config.AddKeysToAgent.Mode is AgentAdditionMode.No || _config.IdentityAgent is not { } socket)
            return;
        foreach (FileKey key in used.OfType<FileKey>())
        {
            try
            {
                // A connection of its own: the other one is bound to the server, and may be waiting for a late answer.
                SshAgent agent = await SshAgent.ConnectAsync(socket, cancellationToken).ConfigureAwait(false);
                await using ConfiguredAsyncDisposable end = agent.ConfigureAwait(false);
                if (_config.AddKeysToAgent.Mode is AgentAdditionMode.Ask
                    && (confirm is null || !await confirm($"Add key {key.Source} to the agent?", cancellationToken).ConfigureAwait(false)))
                {
                    _debug($"the key {key.Source} is not added to the agent: the user did not agree");
                    continue;
                }

                await key.AddToAsync(agent, _config.AddKeysToAgent, cancellationToken).ConfigureAwait(false);
                _debug($"added the key {key.Source} to the agent {socket}");
            }
            catch (SshKeyException e)
            {
                _debug($"the key {key.Source} could not be added to the agent {socket}: {e.Message}");
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (FileKey key in _opened.Values)
            key.Dispose();
        if (_agent is not null)
            await _agent.DisposeAsync().ConfigureAwait(false);
    }

    private bool IsShortRsa(ISshSigner key) =>
        key.PublicKey.WithoutCertificate.KeyType == "ssh-rsa" && key.PublicKey.Bits < _config.RequiredRsaSize;

    private async ValueTask<IReadOnlyList<AgentKey>> ListAgentAsync(CancellationToken cancellationToken)
    {
        if (_config.IdentityAgent is not { } socket)
            return [];
        try
        {
            if (_agent is not null)
                await _agent.DisposeAsync().ConfigureAwait(false);
            _agent = null;
            _agent = await SshAgent.ConnectAsync(socket, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<AgentKey> keys = await _agent.ListAsync(cancellationToken).ConfigureAwait(false);
            _debug($"agent {socket} holds {keys.Count} keys that can be used");
            return keys;
        }
        catch (SshKeyException e)
        {
            _debug($"agent {socket}: {e.Message}");
            return [];
        }
    }

    private IEnumerable<ISshSigner> ReadFile(Sourced<string> path, List<SshPublicKey> certificates)
    {
        FileKey? key = OpenFile(path);
        SshPublicKey? publicKey = key?.PublicKey ?? ReadPublic(path.Value + ".pub") ?? ReadPublic(path.Value);
        if (publicKey is null)
            yield break;
        _debug($"identity file {path.Value} type {publicKey.KeyType}");
        SshPublicKey[] fitting = [.. certificates.Append(ReadPublic(path.Value + "-cert.pub")).OfType<SshPublicKey>()
            .Where(certificate => certificate.Certificate is not null && certificate.WithoutCertificate.Equals(publicKey)).Distinct()];
        foreach (SshPublicKey certificate in fitting)
            yield return key is null ? new AgentOnlyKey(certificate, path.Value) : key.With(certificate);
        yield return key is null ? new AgentOnlyKey(publicKey, path.Value) : key;
    }

    private FileKey? OpenFile(Sourced<string> path)
    {
        if (_opened.TryGetValue(path.Value, out FileKey? opened))
            return opened;
        if (!File.Exists(path.Value))
        {
            if (path.Source != ConfigSource.Default)
                _notice($"identity file {path.Value} does not exist ({path.Source})");
            return null;
        }

        try
        {
            if (!OperatingSystem.IsWindows()
                && (File.GetUnixFileMode(path.Value) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) is not UnixFileMode.None
                && !IsPublic(path.Value))
            {
                _notice($"the private key {path.Value} can be read by others and is not used; protect it with: chmod 600 {path.Value}");
                return null;
            }

            var key = FileKey.Open(path.Value, _askPassphrase, ReadPublic(path.Value + ".pub"));
            if (key is not null)
                _opened.Add(path.Value, key);
            return key;
        }
        catch (Exception e) when (e is SshKeyException or IOException or UnauthorizedAccessException)
        {
            if (!IsPublic(path.Value))
                _notice($"the key {path.Value} cannot be used: {e.Message}");
            return null;
        }
    }

    private static bool IsPublic(string path) => ReadPublic(path) is not null;

    private static SshPublicKey? ReadPublic(string path)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length > SshPrivateKey.MaxFileLength)
                return null;
            foreach (string line in File.ReadLines(path))
            {
                if (SshPublicKey.TryParseLine(line, out SshPublicKey? key, out _))
                    return key;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A public key that cannot be read is as good as none: the private key may still do.
            return null;
        }

        return null;
    }

    /// <summary>A public key whose private half, if anywhere, is in the agent.</summary>
    private sealed class AgentOnlyKey(SshPublicKey publicKey, string source) : ISshSigner
    {
        public SshPublicKey PublicKey => publicKey;

        public string Source => source;

        public ValueTask<byte[]> SignAsync(string signatureAlgorithm, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
            throw new SshKeyException(SshKeyError.Refused, "the private key is not here");
    }
}
