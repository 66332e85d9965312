using System.Net;
using System.Net.Sockets;
using Adit.Relay;

namespace Adit.Gateway.Policy;

/// <summary>Dials what a user may reach, and the very addresses that were judged: a name is looked up once.</summary>
/// <param name="policy">The policy of this moment.</param>
/// <param name="resolve">Looks names up.</param>
internal sealed class PolicyDialer(Func<ForwardPolicy> policy, Func<string, CancellationToken, Task<IPAddress[]>> resolve) : IDialer
{
    private readonly UnixDialer _unix = new();

    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
        target.IsUnix ? _unix.DialAsync(target, origin, cancellationToken) : DialTcpAsync(target, origin, cancellationToken);

    private async ValueTask<DialedConnection> DialTcpAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        IPAddress[] found;
        try
        {
            found = IPAddress.TryParse(target.Host, out IPAddress? literal)
                ? [literal]
                : await resolve(target.Host!, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw DialException.From(target, e);
        }

        ForwardPolicy now = policy();
        string? refusal = null;
        var permitted = new List<IPAddress>();
        foreach (IPAddress address in found)
        {
            if (now.RefusesAddress(target.Host!, address, target.Port) is { } reason)
                refusal ??= reason;
            else
                permitted.Add(address);
        }

        if (permitted.Count == 0 && refusal is not null)
            throw new DialException(target, DialFailure.Prohibited, refusal);
        // Other channels of the connection wait behind what is read at one go.
        var dialer = new TcpDialer(new TcpDialerOptions { Resolve = (_, _) => Task.FromResult(permitted.ToArray()), KeepAlive = true, ReadsMuch = false });
        return await dialer.DialAsync(target, origin, cancellationToken).ConfigureAwait(false);
    }
}
