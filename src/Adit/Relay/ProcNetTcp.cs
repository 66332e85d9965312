using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Adit.Relay;

/// <summary>A TCP socket as the kernel lists it.</summary>
internal readonly record struct KernelSocket(IPEndPoint Local, IPEndPoint Remote, TcpState State, uint Uid, ulong Inode)
{
    /// <summary>The control group in which it was made; null where that was not told.</summary>
    internal ulong? Group { get; init; }
}

/// <summary>The kernel's numbers of the states of RFC 9293 (include/net/tcp_states.h).</summary>
internal enum TcpState
{
    Established = 1,
    SynSent = 2,
    SynReceived = 3,
    FinWait1 = 4,
    FinWait2 = 5,
    TimeWait = 6,
    Close = 7,
    CloseWait = 8,
    LastAck = 9,
    Listen = 10,
    Closing = 11,
    NewSynReceived = 12,
}

/// <summary>The tables /proc/net/tcp and /proc/net/tcp6 (proc(5)).</summary>
internal static class ProcNetTcp
{
    private const int MaxRows = 1_000_000;

    /// <summary>The socket with exactly these two ends; an IPv4 connection of an IPv6 socket stands in the table of IPv6.</summary>
    internal static KernelSocket? Find(IPEndPoint local, IPEndPoint remote)
    {
        foreach (KernelSocket socket in ReadAll())
        {
            if (Same(socket.Local, local) && Same(socket.Remote, remote))
                return socket;
        }
        return null;
    }

    internal static IEnumerable<KernelSocket> ReadAll() => Rows("/proc/net/tcp").Concat(Rows("/proc/net/tcp6"));

    /// <summary>One line of a table; null for the heading and for a line that does not follow the format.</summary>
    internal static KernelSocket? ParseRow(ReadOnlySpan<char> line)
    {
        Span<Range> fields = stackalloc Range[11];
        if (line.Split(fields, ' ', StringSplitOptions.RemoveEmptyEntries) < 10)
            return null;
        return ParseEnd(line[fields[1]]) is { } local
            && ParseEnd(line[fields[2]]) is { } remote
            && byte.TryParse(line[fields[3]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte state)
            && uint.TryParse(line[fields[7]], NumberStyles.None, CultureInfo.InvariantCulture, out uint uid)
            && ulong.TryParse(line[fields[9]], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            ? new KernelSocket(local, remote, (TcpState)state, uid, inode)
            : null;
    }

    internal static bool Same(IPEndPoint a, IPEndPoint b) =>
        a.Port == b.Port && Endpoint.Unmapped(a.Address).GetAddressBytes().AsSpan()
            .SequenceEqual(Endpoint.Unmapped(b.Address).GetAddressBytes());

    private static IEnumerable<KernelSocket> Rows(string table) =>
        File.Exists(table)
            ? File.ReadLines(table).Take(MaxRows).Select(static line => ParseRow(line)).OfType<KernelSocket>()
            : [];

    // "0100007F:1538": the address as 32-bit words in the byte order of the machine, the port as a number.
    private static IPEndPoint? ParseEnd(ReadOnlySpan<char> text)
    {
        int colon = text.IndexOf(':');
        if (colon is not (8 or 32)
            || !ushort.TryParse(text[(colon + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort port))
        {
            return null;
        }
        Span<byte> address = stackalloc byte[colon / 2];
        for (int word = 0; word < colon / 8; word++)
        {
            if (!uint.TryParse(text.Slice(word * 8, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value))
                return null;
            MemoryMarshal.Write(address[(word * 4)..], value);
        }
        return new(new IPAddress(address), port);
    }
}
