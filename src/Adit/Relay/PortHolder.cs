using System.Globalization;
using System.Net;
using Adit.Platform;
using Adit.Wording;

namespace Adit.Relay;

/// <summary>Who holds a TCP port of this machine, as far as this user may see it. Immutable plain data.</summary>
/// <param name="Address">The end that the holder's socket is bound to.</param>
/// <param name="Uid">The user who made the socket.</param>
internal sealed record PortHolder(Endpoint Address, uint Uid)
{
    // On a machine with very many descriptors the error is to come all the same.
    private static readonly TimeSpan SearchLimit = TimeSpan.FromSeconds(2);

    /// <summary>The name of that user, where the system knows one.</summary>
    public string? User { get; init; }

    /// <summary>The process; null where this user may not see it.</summary>
    public int? Pid { get; init; }

    /// <summary>The short name of the process.</summary>
    public string? ProcessName { get; init; }

    /// <summary>The path of its program; null where this user may not see it.</summary>
    public string? Executable { get; init; }

    /// <summary>The holder in words, such as "postgres (pid 812, /usr/lib/postgresql/15/bin/postgres, user postgres)".</summary>
    public override string ToString()
    {
        string user = User is null ? string.Create(CultureInfo.InvariantCulture, $"uid {Uid}") : $"user {User}";
        if (Pid is not { } pid)
            return $"a process of {user}, which this user may not see";
        string process = pid == Environment.ProcessId ? "this process" : ProcessName ?? "a process";
        return string.Create(CultureInfo.InvariantCulture, $"{process} (pid {pid}, {(Executable is null ? "" : Executable + ", ")}{user})");
    }

    /// <summary>Finds who keeps an address from being bound; null where that cannot be told.</summary>
    internal static PortHolder? Find(IPEndPoint wanted)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        // A socket without inode belongs to no process any more.
        KernelSocket[] inTheWay = [.. ProcNetTcp.ReadAll().Where(socket => socket.Inode != 0 && Overlaps(socket.Local, wanted))];
        if (inTheWay.Length == 0)
            return null;
        KernelSocket holder = inTheWay.OrderBy(static socket => socket.State != TcpState.Listen).First();
        return Describe(holder);
    }

    private static bool Overlaps(IPEndPoint bound, IPEndPoint wanted)
    {
        if (bound.Port != wanted.Port)
            return false;
        IPAddress theirs = Endpoint.Unmapped(bound.Address);
        IPAddress ours = Endpoint.Unmapped(wanted.Address);
        // The wildcard of IPv6 may take the connections of IPv4 too.
        return theirs.Equals(IPAddress.IPv6Any)
            || (theirs.AddressFamily == ours.AddressFamily
                && (theirs.Equals(ours) || theirs.Equals(IPAddress.Any) || ours.Equals(IPAddress.Any) || ours.Equals(IPAddress.IPv6Any)));
    }

    private static PortHolder Describe(KernelSocket socket)
    {
        PortHolder holder = new(Endpoint.Tcp(socket.Local), socket.Uid) { User = UserName(socket.Uid) };
        if (SocketHolders.Any(socket.Inode, SearchLimit) is not { } pid)
            return holder;
        string process = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
        return holder with
        {
            Pid = pid,
            ProcessName = Printable(Attempt(() => File.ReadAllText(process + "/comm").TrimEnd('\n'))),
            Executable = ProgramFile.PathOf(pid),
        };
    }

    private static string? UserName(uint uid)
    {
        string wanted = uid.ToString(CultureInfo.InvariantCulture);
        return Printable(Attempt(() => File.ReadLines("/etc/passwd")
            .Take(100_000)
            .Select(static line => line.Split(':'))
            .FirstOrDefault(fields => fields.Length > 2 && string.Equals(fields[2], wanted, StringComparison.Ordinal))?[0]));
    }

    // A process may go away or be closed to us at any moment; what it does not tell stays unknown.
    private static string? Attempt(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Names that a foreign process chose must not reach a terminal as control sequences.
    private static string? Printable(string? text) =>
        text is null ? null : string.Concat(text.Select(static c => char.IsControl(c) ? '?' : c));
}
