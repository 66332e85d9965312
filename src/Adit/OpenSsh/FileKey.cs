using System.Security.Cryptography;
using Adit.Ssh.Keys;

namespace Adit.OpenSsh;

/// <summary>A private key in a file. An encrypted one is opened when it is to sign for the first time, with a passphrase that is asked for then.</summary>
internal sealed class FileKey : ISshSigner, IDisposable
{
    private const int Attempts = 3;

    private readonly byte[] _file;
    private readonly Func<string, CancellationToken, ValueTask<byte[]?>> _askPassphrase;
    private readonly FileKey? _original;
    private SshPrivateKey? _key;

    private FileKey(
        byte[] file, string path, SshPublicKey publicKey, SshPrivateKey? key, Func<string, CancellationToken, ValueTask<byte[]?>> ask, FileKey? original)
    {
        _file = file;
        _key = key;
        _askPassphrase = ask;
        _original = original;
        Source = path;
        PublicKey = publicKey;
    }

    public SshPublicKey PublicKey { get; }

    public string Source { get; }

    /// <summary>Reads a file. Null when it is encrypted in a format that hides the public key, and <paramref name="publicKey"/> does not tell it.</summary>
    /// <exception cref="SshKeyException">The file cannot be used.</exception>
    public static FileKey? Open(string path, Func<string, CancellationToken, ValueTask<byte[]?>> ask, SshPublicKey? publicKey)
    {
        byte[] file = KeyFile.Read(path);
        if (!SshPrivateKey.IsEncrypted(file))
        {
            var key = SshPrivateKey.Parse(file, path);
            CryptographicOperations.ZeroMemory(file);
            return new([], path, key.PublicKey, key, ask, null);
        }

        SshPublicKey? peeked = SshPrivateKey.PeekPublicKey(file) ?? publicKey;
        return peeked is not null
            ? new(file, path, peeked, null, ask, null)
            : throw new SshKeyException(SshKeyError.Unsupported, $"it is encrypted in a format that hides its public key; write that to {path}.pub with: ssh-keygen -y -f {path}");
    }

    /// <summary>The same key presenting a certificate.</summary>
    public FileKey With(SshPublicKey certificate) => new(_file, Source, certificate, null, _askPassphrase, this);

    public async ValueTask<byte[]> SignAsync(string signatureAlgorithm, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        SshPrivateKey key = await UnlockAsync(cancellationToken).ConfigureAwait(false);
        return await key.SignAsync(signatureAlgorithm, data, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Hands the key to an agent: the plain one, and with its certificate if this is one, as ssh-add does.</summary>
    /// <param name="agent">The agent.</param>
    /// <param name="addition">How.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="SshKeyException">The agent refuses, or the key was not unlocked.</exception>
    public async ValueTask AddToAsync(SshAgent agent, AgentAddition addition, CancellationToken cancellationToken)
    {
        if (_original is not null)
            await _original.AddToAsync(agent, addition, cancellationToken).ConfigureAwait(false);
        if (_key is null)
            throw new SshKeyException(SshKeyError.PassphraseNeeded, "the key was not unlocked");
        await agent.AddAsync(_key, addition.Lifetime, addition.Mode is AgentAdditionMode.Confirm, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _key?.Dispose();
        CryptographicOperations.ZeroMemory(_file);
    }

    private async ValueTask<SshPrivateKey> UnlockAsync(CancellationToken cancellationToken)
    {
        if (_key is not null)
            return _key;
        if (_original is not null)
            return _key = (await _original.UnlockAsync(cancellationToken).ConfigureAwait(false)).WithCertificate(PublicKey);
        for (int attempt = 1; ; attempt++)
        {
            byte[] passphrase = await _askPassphrase(Source, cancellationToken).ConfigureAwait(false)
                ?? throw new SshKeyException(SshKeyError.PassphraseNeeded, "its passphrase is needed, and nobody was there to give it");
            try
            {
                return _key = SshPrivateKey.Parse(_file, Source, passphrase);
            }
            catch (SshKeyException e) when (e.Kind is SshKeyError.WrongPassphrase or SshKeyError.PassphraseNeeded && attempt < Attempts && passphrase.Length > 0)
            {
                continue;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(passphrase);
            }
        }
    }
}
