using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>How <see cref="TcpDialer"/> connects. Immutable.</summary>
internal sealed record TcpDialerOptions
{
    /// <summary>The defaults.</summary>
    public static TcpDialerOptions Default { get; } = new();

    /// <summary>How long a dial may take in all, with the name looked up: 30 seconds by default.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long one address may keep the next one waiting: 250 ms by default (RFC 8305 section 5, "Connection Attempt Delay").
    /// </summary>
    public TimeSpan AttemptDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Which addresses are tried: those of both families by default, or of one.</summary>
    public AddressFamily AddressFamily { get; init; } = AddressFamily.Unspecified;

    /// <summary>
    /// The local addresses to connect from, of which the first of a target's family is taken; none, the default, leaves it to the system.
    /// Targets of a family without one fail.
    /// </summary>
    public IReadOnlyList<IPAddress> LocalAddresses { get; init; } = [];

    /// <summary>Whether the system probes a silent connection (SO_KEEPALIVE). Default no.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>Whether a connection that is aborted is reset (<see cref="SocketDuplex.Resets"/>). Default yes.</summary>
    public bool Resets { get; init; } = true;

    /// <summary>What packets are marked with for routers: IPv4's TOS or IPv6's traffic class. Null, the default, for the system's.</summary>
    public byte? TrafficClass { get; init; }

    /// <summary>As <see cref="SocketDuplex.ReadsMuch"/>. Default yes.</summary>
    public bool ReadsMuch { get; init; } = true;

    /// <summary>The clock; the system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Looks the addresses of a name up; the system's resolver by default.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;
}

/// <summary>
/// Connects from this machine over TCP. All addresses of a name are tried in their order, the next one as soon as one failed or kept
/// the others waiting, and the first that answers is taken (RFC 8305).
/// </summary>
internal sealed class TcpDialer : IDialer
{
    /// <summary>The most addresses of one name that are tried.</summary>
    public const int MaxAddresses = 16;

    private readonly TcpDialerOptions _options;

    /// <summary>Creates a dialer.</summary>
    /// <param name="options">How to connect; the defaults if null.</param>
    public TcpDialer(TcpDialerOptions? options = null) => _options = options ?? TcpDialerOptions.Default;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The target is not a TCP endpoint.</exception>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.IsUnix || target.Port == 0)
            throw new ArgumentException($"{target} is not a TCP endpoint that can be dialled", nameof(target));
        using Deadline deadline = new(_options.Timeout, _options.TimeProvider, cancellationToken);
        try
        {
            IPAddress[] addresses = await ResolveAsync(target, deadline.Token).ConfigureAwait(false);
            Socket socket = await ConnectToAnyAsync(target, addresses, deadline.Token).ConfigureAwait(false);
            return Connected(target, socket);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DialException(target, DialFailure.TimedOut, $"no answer within {_options.Timeout.TotalSeconds:0.###} s", e);
        }
        catch (SocketException e)
        {
            throw DialException.From(target, e);
        }
    }

    private async Task<IPAddress[]> ResolveAsync(Endpoint target, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(target.Host, out IPAddress? address)
            ? [address]
            // The system's look-up cannot be interrupted once it runs; the wait for it can.
            : await _options.Resolve(target.Host!, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        addresses =
        [
            .. addresses
                .Select(Endpoint.Unmapped)
                .Where(a => _options.AddressFamily == AddressFamily.Unspecified || a.AddressFamily == _options.AddressFamily)
                .Distinct()
                .Take(MaxAddresses),
        ];
        return addresses.Length > 0
            ? addresses
            : throw new DialException(target, DialFailure.NameNotFound, "the name has no address of the wanted kind");
    }

    private async Task<Socket> ConnectToAnyAsync(Endpoint target, IPAddress[] addresses, CancellationToken cancellationToken)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<Outcome> outcomes = Channel.CreateUnbounded<Outcome>();
        List<Task> attempts = new(addresses.Length);
        try
        {
            Exception? firstFailure = null;
            for (int failed = 0; failed < addresses.Length;)
            {
                if (attempts.Count < addresses.Length)
                {
                    attempts.Add(AttemptAsync(new IPEndPoint(addresses[attempts.Count], target.Port), outcomes.Writer, all.Token));
                    bool othersWait = attempts.Count < addresses.Length;
                    if (othersWait && !await ArrivesWithinDelayAsync(outcomes.Reader, all.Token).ConfigureAwait(false))
                        continue;
                }
                (Socket? socket, Exception? failure) = await outcomes.Reader.ReadAsync(all.Token).ConfigureAwait(false);
                if (socket is not null)
                    return socket;
                firstFailure ??= failure;
                failed++;
            }
            throw firstFailure!;
        }
        finally
        {
            await all.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(attempts).ConfigureAwait(false);
            while (outcomes.Reader.TryRead(out Outcome? late))
                late.Socket?.Dispose();
        }
    }

    private async Task<bool> ArrivesWithinDelayAsync(ChannelReader<Outcome> outcomes, CancellationToken cancellationToken)
    {
        using Deadline delay = new(_options.AttemptDelay, _options.TimeProvider, cancellationToken);
        try
        {
            return await outcomes.WaitToReadAsync(delay.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task AttemptAsync(IPEndPoint address, ChannelWriter<Outcome> outcomes, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (_options.TrafficClass is { } trafficClass)
                Mark(socket, trafficClass);
            if (_options.LocalAddresses.Count > 0)
                socket.Bind(new IPEndPoint(LocalAddressFor(address.AddressFamily), 0));
            if (_options.KeepAlive)
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            await SocketConnect.RunAsync(socket, address, cancellationToken).ConfigureAwait(false);
            outcomes.TryWrite(new(socket, null));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket?.Dispose();
            outcomes.TryWrite(new(null, e));
        }
    }

    private static void Mark(Socket socket, byte trafficClass)
    {
        const int levelIPv6 = 41;
        try
        {
            if (socket.AddressFamily is not AddressFamily.InterNetworkV6)
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.TypeOfService, trafficClass);
            else if (Ipv6TrafficClass is { } option)
                socket.SetRawSocketOption(levelIPv6, option, BitConverter.GetBytes((int)trafficClass));
        }
        catch (SocketException)
        {
            // A system that does not let packets be marked: they go as others do.
        }
    }

    // IPV6_TCLASS, for which .NET has no word.
    private static int? Ipv6TrafficClass =>
        OperatingSystem.IsLinux() ? 67
        : OperatingSystem.IsMacOS() ? 36
        : OperatingSystem.IsWindows() ? 39
        : null;

    private IPAddress LocalAddressFor(AddressFamily family) =>
        _options.LocalAddresses.FirstOrDefault(local => local.AddressFamily == family) ?? throw new SocketException((int)SocketError.AddressFamilyNotSupported);

    private DialedConnection Connected(Endpoint target, Socket socket)
    {
        try
        {
            // A name leads where the resolver says, so the address that was reached decides.
            IPAddress reached = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            bool local = TcpOptions.IsWithinMachine(reached, ((IPEndPoint)socket.LocalEndPoint!).Address);
            Leg leg = new(Machine.ThisName, target.ToString(), LegProtection.None) { Within = local ? Machine.ThisName : null };
            return new(new SocketDuplex(socket) { Resets = _options.Resets, ReadsMuch = _options.ReadsMuch }, new Route(leg)) { Peer = (IPEndPoint)socket.RemoteEndPoint! };
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            socket.Dispose();
            throw new DialException(target, DialFailure.ConnectionLost, e.Message, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // What became of an attempt: one of the two.
    private sealed record Outcome(Socket? Socket, Exception? Failure);
}
