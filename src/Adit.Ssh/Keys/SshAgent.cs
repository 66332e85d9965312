using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Keys;

/// <summary>
/// A client of an SSH agent (draft-ietf-sshm-ssh-agent). Requests go one after the other; every answer has a deadline, since an agent that
/// accepts and never answers must not hang a login. After a request that was given up the connection serves no other, because the late
/// answer would be taken for the next one's. Safe to use from several threads.
/// </summary>
public sealed class SshAgent : IAsyncDisposable
{
    private const int MaxMessage = 256 * 1024;
    private const int MaxIdentities = 2048;

    private const byte Failure = 5;
    private const byte Success = 6;
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;
    private const byte AddIdentity = 17;
    private const byte AddIdentityConstrained = 25;
    private const byte Extension = 27;
    private const byte ConstrainLifetime = 1;
    private const byte ConstrainConfirm = 2;

    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _broken;

    /// <summary>Talks to an agent over a stream, which belongs to this object from here on.</summary>
    /// <param name="stream">A connection to the agent.</param>
    /// <param name="time">The clock of the deadlines; the system's by default.</param>
    public SshAgent(Stream stream, TimeProvider? time = null)
    {
        _stream = stream;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>How long the agent may take to list its keys. Default 10 s.</summary>
    public TimeSpan ListTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it may take to sign; it may be waiting for its user. Default 2 minutes.</summary>
    public TimeSpan SignTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Connects to the agent's Unix socket.</summary>
    /// <exception cref="SshKeyException">Nobody listens there.</exception>
    public static async ValueTask<SshAgent> ConnectAsync(string socketPath, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken).ConfigureAwait(false);
            return new(new NetworkStream(socket, ownsSocket: true));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            socket.Dispose();
            throw new SshKeyException(SshKeyError.Refused, $"no agent answers at {socketPath}: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The keys that the agent holds, of the types that are served; others are left out.</summary>
    /// <exception cref="SshKeyException">The agent refuses, answers nonsense, or does not answer in time.</exception>
    public async ValueTask<IReadOnlyList<AgentKey>> ListAsync(CancellationToken cancellationToken = default)
    {
        byte[] answer = await ExchangeAsync([RequestIdentities], ListTimeout, cancellationToken).ConfigureAwait(false);
        return Read(answer, ReadIdentities);
    }

    /// <summary>Hands a private key to the agent, with its certificate where it presents one.</summary>
    /// <param name="key">The key.</param>
    /// <param name="lifetime">How long the agent keeps it, in whole seconds, the next ones up; null for as long as it runs.</param>
    /// <param name="confirm">Whether the agent asks its user at each use.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="SshKeyException">The agent refuses, answers nonsense, or does not answer in time.</exception>
    public async ValueTask AddAsync(SshPrivateKey key, TimeSpan? lifetime, bool confirm, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (lifetime is { } limit)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(lifetime));
        byte[] request = Addition(key, lifetime, confirm);
        try
        {
            // It may be asking its user, as for a signature.
            if (await ExchangeAsync(request, SignTimeout, cancellationToken).ConfigureAwait(false) is not [Success])
                throw new SshKeyException(SshKeyError.Refused, "the agent does not take the key");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(request);
        }
    }

    /// <summary>
    /// Tells the agent which connection it will sign for (session-bind@openssh.com), so that it can keep to its constraints.
    /// False when it does not know the extension, which is no harm.
    /// </summary>
    public async ValueTask<bool> BindSessionAsync(
        ReadOnlyMemory<byte> hostKey, ReadOnlyMemory<byte> sessionId, ReadOnlyMemory<byte> signature, CancellationToken cancellationToken = default)
    {
        byte[] answer = await ExchangeAsync(SessionBind(hostKey.Span, sessionId.Span, signature.Span), ListTimeout, cancellationToken).ConfigureAwait(false);
        return answer is [Success];
    }

    /// <inheritdoc/>
    /// <remarks>An exchange that is under way ends with an <see cref="SshKeyException"/>.</remarks>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    internal async ValueTask<byte[]> SignAsync(SshPublicKey key, string algorithm, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        // Asked for anything else with an RSA key, an agent would sign with SHA-1.
        if (!key.SignatureAlgorithms.Contains(algorithm))
            throw new SshKeyException(SshKeyError.Unsupported, $"a {key.KeyType} key does not sign with {algorithm}");
        byte[] answer = await ExchangeAsync(SigningRequest(key, algorithm, data.Span), SignTimeout, cancellationToken).ConfigureAwait(false);
        if (answer is [Failure, ..])
            throw new SshKeyException(SshKeyError.Refused, "the agent refused to sign");
        byte[] signature = Read(answer, ReadSignature);
        if (!key.Verify(algorithm, data.Span, signature))
            throw new SshKeyException(SshKeyError.Refused, "the agent's signature is wrong");
        return signature;
    }

    private delegate T Reading<T>(ref SshReader reader);

    private static T Read<T>(byte[] answer, Reading<T> read)
        where T : notnull
    {
        try
        {
            var reader = new SshReader(answer);
            T value = read(ref reader);
            reader.ReadEnd();
            return value;
        }
        catch (SshFormatException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, $"the agent's answer is malformed: {e.Message}", e);
        }
    }

    private IReadOnlyList<AgentKey> ReadIdentities(ref SshReader reader)
    {
        if (reader.ReadByte() != IdentitiesAnswer)
            throw new SshKeyException(SshKeyError.Refused, "the agent does not list its keys");
        uint count = reader.ReadUInt32();
        if (count > MaxIdentities)
            throw new SshKeyException(SshKeyError.Malformed, $"the agent claims to hold {count} keys, over the limit of {MaxIdentities}");
        var keys = new List<AgentKey>();
        for (uint i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> blob = reader.ReadString();
            string comment = reader.ReadHumanText();
            if (TryParse(blob) is { } key)
                keys.Add(new(this, key, comment));
        }

        return keys;
    }

    private static SshPublicKey? TryParse(ReadOnlySpan<byte> blob)
    {
        try
        {
            return SshPublicKey.Parse(blob);
        }
        catch (SshKeyException)
        {
            // A type that is not served, such as a security key: others may do.
            return null;
        }
    }

    private static byte[] ReadSignature(ref SshReader reader)
    {
        if (reader.ReadByte() != SignResponse)
            throw new SshFormatException("it is no signature");
        return reader.ReadString().ToArray();
    }

    private static byte[] SigningRequest(SshPublicKey key, string algorithm, ReadOnlySpan<byte> data)
    {
        const uint rsaSha256 = 2;
        const uint rsaSha512 = 4;
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteByte(SignRequest);
        writer.WriteString(key.Blob.Span);
        writer.WriteString(data);
        writer.WriteUInt32(KeyType.WithoutCertificate(algorithm) switch
        {
            "rsa-sha2-256" => rsaSha256,
            "rsa-sha2-512" => rsaSha512,
            _ => 0,
        });
        byte[] request = writer.ToArray();
        writer.Dispose();
        return request;
    }

    private static byte[] Addition(SshPrivateKey key, TimeSpan? lifetime, bool confirm)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        try
        {
            writer.WriteByte(lifetime is null && !confirm ? AddIdentity : AddIdentityConstrained);
            key.WriteForAgent(ref writer);
            writer.WriteString(key.Comment.Length > 0 ? key.Comment : key.Source);
            if (lifetime is { } time)
            {
                writer.WriteByte(ConstrainLifetime);
                writer.WriteUInt32((uint)Math.Min(Math.Ceiling(time.TotalSeconds), uint.MaxValue));
            }

            if (confirm)
                writer.WriteByte(ConstrainConfirm);
            return writer.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    private static byte[] SessionBind(ReadOnlySpan<byte> hostKey, ReadOnlySpan<byte> sessionId, ReadOnlySpan<byte> signature)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteByte(Extension);
        writer.WriteString("session-bind@openssh.com");
        writer.WriteString(hostKey);
        writer.WriteString(sessionId);
        writer.WriteString(signature);
        writer.WriteBoolean(false); // not for forwarding
        byte[] request = writer.ToArray();
        writer.Dispose();
        return request;
    }

    private async ValueTask<byte[]> ExchangeAsync(byte[] request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            if (_broken)
                throw new SshKeyException(SshKeyError.Refused, "the agent failed before");
            _broken = true; // until the answer is here whole: half an exchange leaves the stream unusable
            byte[] answer = await ExchangeAsync(request, either.Token).ConfigureAwait(false);
            _broken = false;
            return answer;
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SshKeyException(SshKeyError.Refused, $"the agent did not answer within {timeout.TotalSeconds:0} s", e);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new SshKeyException(SshKeyError.Refused, $"the connection to the agent is closed: {e.Message}", e);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<byte[]> ExchangeAsync(byte[] request, CancellationToken cancellationToken)
    {
        byte[] framed = new byte[sizeof(uint) + request.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, request.Length);
        request.CopyTo(framed.AsSpan(sizeof(uint)));
        try
        {
            await _stream.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // It may hold a private key.
            CryptographicOperations.ZeroMemory(framed);
        }

        byte[] header = new byte[sizeof(uint)];
        await _stream.ReadExactlyAsync(header, cancellationToken).ConfigureAwait(false);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length is 0 or > MaxMessage)
            throw new SshKeyException(SshKeyError.Malformed, $"the agent's answer claims {length} bytes, and 1 to {MaxMessage} are allowed");
        byte[] answer = new byte[length];
        await _stream.ReadExactlyAsync(answer, cancellationToken).ConfigureAwait(false);
        return answer;
    }
}
