using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Tasks.Sources;

namespace Adit.Ssh.Transport;

/// <summary>
/// What waits to be sent, in three lanes: key exchange before control messages before data. While a key exchange is under way the gate
/// is closed and only the first lane moves (RFC 4253 section 7.1), so that what is in flight is kept and nothing above notices.
/// Safe to call from anywhere; taken from by the send loop alone.
/// </summary>
internal sealed class Outbox : IValueTaskSource<bool>
{
    /// <summary>A peer that makes us answer while it does not read is cut off here.</summary>
    public const int MaxControlBytes = 4 * 1024 * 1024;

    /// <summary>What a waiting message takes besides its bytes, which are one or five in the shortest answers.</summary>
    public const int MessageOverhead = 64;

    private readonly Lock _sync = new();
    private readonly Queue<Outgoing> _kex = new();
    private readonly Queue<byte[]> _control = new();
    private readonly Queue<IPacketSource> _ready = new();
    private ManualResetValueTaskSourceCore<bool> _signal;
    private int _controlBytes;
    private int _aheadOfKexInit;
    private bool _gated = true;
    private readonly Func<Action, bool>? _later;
    private readonly Action _wake;
    private bool _deferred;
    private bool _waiting;
    private bool _completed;

    /// <param name="later">As <see cref="Connection.ConnectionOptions.Later"/>.</param>
    public Outbox(Func<Action, bool>? later = null)
    {
        _later = later;
        _wake = Wake;
    }

    /// <summary>Queues a payload of the key exchange, or the last DISCONNECT: it passes the gate.</summary>
    public void SendKex(byte[] payload, KeyEpoch? thenSwitchTo = null)
    {
        EnqueueKex(new(payload, thenSwitchTo, null));
        Flush();
    }

    /// <summary>
    /// Queues our KEXINIT without waking the send loop; when it is taken, the gate closes behind it. Control messages that wait already go
    /// before it: the success of an authentication may be among them, which has to come first.
    /// </summary>
    public void EnqueueKexInit(byte[] kexInit)
    {
        lock (_sync)
            _aheadOfKexInit = _gated ? 0 : _control.Count;
        EnqueueKex(new(kexInit, null, null, ClosesGate: true));
    }

    /// <summary>Our NEWKEYS is sealed: control and data flow again.</summary>
    public void OpenGate()
    {
        lock (_sync)
            _gated = false;
    }

    /// <summary>Queues a control message without waking the send loop. False when the lane is over its limit.</summary>
    public bool TryEnqueue(byte[] payload)
    {
        lock (_sync)
        {
            if (_completed)
            {
                CryptographicOperations.ZeroMemory(payload);
                return true;
            }

            if (_controlBytes + payload.Length + MessageOverhead > MaxControlBytes)
                return false;
            _controlBytes += payload.Length + MessageOverhead;
            _control.Enqueue(payload);
            return true;
        }
    }

    /// <summary>Queues a source that has data and wakes the send loop. The caller sees to it that it is queued once at a time.</summary>
    public void Ready(IPacketSource source)
    {
        lock (_sync)
        {
            if (_completed)
                return;
            _ready.Enqueue(source);
        }

        Flush();
    }

    /// <summary>
    /// Wakes the send loop if something can be sent. It continues on the caller's thread, here or at the end of what that does now, so that
    /// nothing waits for another thread: call this without holding a lock.
    /// </summary>
    public void Flush()
    {
        lock (_sync)
        {
            if (_deferred || !CanWake)
                return;
            _deferred = true;
        }

        if (_later?.Invoke(_wake) is not true)
            Wake();
    }

    /// <summary>Nothing more comes: control and data are dropped, the kex lane (a last DISCONNECT) is still sent.</summary>
    public void Complete()
    {
        lock (_sync)
        {
            _completed = true;

            // A password may be among them.
            _aheadOfKexInit = 0;
            while (_control.TryDequeue(out byte[]? payload))
                CryptographicOperations.ZeroMemory(payload);
            _ready.Clear();
        }

        Flush();
    }

    /// <summary>The next thing to send.</summary>
    public bool TryTake(out Outgoing next)
    {
        lock (_sync)
        {
            if (_aheadOfKexInit == 0 && _kex.TryDequeue(out next))
            {
                _gated |= next.ClosesGate;
                return true;
            }

            next = default;
            if (_gated)
                return false;
            if (_control.TryDequeue(out byte[]? payload))
            {
                _aheadOfKexInit = Math.Max(0, _aheadOfKexInit - 1);
                _controlBytes -= payload.Length + MessageOverhead;
                next = new(payload, null, null);
                return true;
            }

            if (_ready.TryDequeue(out IPacketSource? source))
            {
                next = new(null, null, source);
                return true;
            }

            return false;
        }
    }

    /// <summary>Waits until something can be taken. False when the outbox is complete and empty.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> WaitAsync()
    {
        while (true)
        {
            ValueTask<bool> signal;
            lock (_sync)
            {
                if (Available)
                    return true;
                if (_completed)
                    return false;
                _signal.Reset();
                _waiting = true;
                signal = new(this, _signal.Version);
            }

            await signal.ConfigureAwait(false);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _signal.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _signal.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _signal.OnCompleted(continuation, state, token, flags);

    private bool CanWake => _waiting && (Available || _completed);

    private bool Available => _kex.Count > 0 || (!_gated && (_control.Count > 0 || _ready.Count > 0));

    private void Wake()
    {
        lock (_sync)
        {
            _deferred = false;
            if (!CanWake)
                return;
            _waiting = false;
        }

        _signal.SetResult(true);
    }

    private void EnqueueKex(Outgoing kex)
    {
        lock (_sync)
        {
            if (_completed)
                kex.ThenSwitchTo?.Dispose();
            else
                _kex.Enqueue(kex);
        }
    }
}

/// <summary>One thing to send: a payload, behind it perhaps new keys; or a source to take a packet from.</summary>
internal readonly record struct Outgoing(byte[]? Payload, KeyEpoch? ThenSwitchTo, IPacketSource? Source, bool ClosesGate = false);
