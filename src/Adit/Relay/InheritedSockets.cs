using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Platform;
using Adit.Wording;

namespace Adit.Relay;

/// <summary>
/// Listening sockets that whoever started this process opened for it: systemd's socket activation, sd_listen_fds(3). A
/// <see cref="LocalListener"/> that is to listen where one of them does takes it over and binds nothing. Safe for concurrent calls.
/// </summary>
internal sealed class InheritedSockets : IDisposable
{
    private const int FirstDescriptor = 3;
    private const int MaxDescriptors = 1024;
    private const string ProcessVariable = "LISTEN_PID";
    private const string CountVariable = "LISTEN_FDS";
    private const string NamesVariable = "LISTEN_FDNAMES";

    private readonly Lock _lock = new();
    private readonly List<(Socket Socket, string Name)> _unclaimed = [];

    private InheritedSockets()
    {
    }

    /// <summary>Those that nobody took over so far, in words, such as <c>127.0.0.1:5432 (db.socket)</c>.</summary>
    public IReadOnlyList<string> Unclaimed
    {
        get
        {
            lock (_lock)
                return [.. _unclaimed.Select(static one => Describe(one.Socket, one.Name))];
        }
    }

    /// <summary>Where those listen that nobody took over so far.</summary>
    public IReadOnlyList<ListenSpec> Ends
    {
        get
        {
            lock (_lock)
                return [.. _unclaimed.Select(static one => EndOf(one.Socket)).OfType<ListenSpec>()];
        }
    }

    /// <summary>Whether the environment says that something was handed to this process.</summary>
    public static bool AreExpected => Environment.GetEnvironmentVariable(ProcessVariable) == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Takes over what the environment says was handed to this process. The variables are removed, so that no child takes them for its own;
    /// call it once, before anything else opens files.
    /// </summary>
    /// <param name="warn">Told of what was handed over and cannot be served.</param>
    /// <exception cref="IOException">The variables are there and make no sense.</exception>
    public static InheritedSockets FromEnvironment(Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(warn);
        string? process = Environment.GetEnvironmentVariable(ProcessVariable);
        string? count = Environment.GetEnvironmentVariable(CountVariable);
        string[] names = (Environment.GetEnvironmentVariable(NamesVariable) ?? string.Empty).Split(':');
        foreach (string variable in (string[])[ProcessVariable, CountVariable, NamesVariable])
            Environment.SetEnvironmentVariable(variable, null);

        // What is meant for another process was only left in the environment by one in between.
        if (!OperatingSystem.IsLinux() || process is null || count is null
            || process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
        {
            return new();
        }

        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int descriptors) || descriptors > MaxDescriptors)
            throw new IOException($"{CountVariable} is \"{Printable.Text(count)}\"; it should be a number up to {MaxDescriptors}");
        return Of(Enumerable.Range(FirstDescriptor, descriptors).Select(i =>
            ((nint)i, names.ElementAtOrDefault(i - FirstDescriptor) is { Length: > 0 } name ? name : "unknown")), warn);
    }

    /// <summary>Takes over descriptors; those that cannot be served are closed.</summary>
    internal static InheritedSockets Of(IEnumerable<(nint Descriptor, string Name)> descriptors, Action<string> warn)
    {
        InheritedSockets inherited = new();
        foreach ((nint descriptor, string name) in descriptors)
        {
            string shown = string.Create(CultureInfo.InvariantCulture, $"descriptor {descriptor} ({Printable.Text(name)})");
            SafeSocketHandle handle = new(descriptor, ownsHandle: true);
            try
            {
                if (!OperatingSystem.IsWindows())
                    LinuxCalls.CloseOnExecution(handle);
                Socket socket = new(handle);
                if (socket.SocketType is SocketType.Stream && IsListening(socket))
                {
                    inherited._unclaimed.Add((socket, name));
                    continue;
                }

                socket.Dispose();
                warn($"the inherited {shown} is no socket that listens for connections (ListenStream= and Accept=no); it is closed");
            }
            catch (Exception e) when (e is SocketException or ArgumentException)
            {
                handle.Dispose();
                warn($"the inherited {shown} is no socket; it is closed");
            }
        }

        return inherited;
    }

    /// <summary>Gives away the socket that listens at an address; null where there is none.</summary>
    internal Socket? Claim(IPEndPoint end) => Claim(socket => Covers(socket, end));

    /// <summary>Gives away the Unix socket at a path; null where there is none.</summary>
    internal Socket? Claim(string path) =>
        Claim(socket => socket.LocalEndPoint is UnixDomainSocketEndPoint end && PathOf(end.ToString()) == PathOf(path));

    /// <summary>Whether a socket listens at an address; one for all addresses of IPv6 may do so for those of IPv4 too.</summary>
    internal static bool Covers(Socket socket, IPEndPoint end) =>
        socket.LocalEndPoint is IPEndPoint local && local.Port == end.Port
        && (local.Address.Equals(end.Address)
            || (end.Address.Equals(IPAddress.Any) && local.Address.Equals(IPAddress.IPv6Any) && socket.DualMode));

    /// <summary>Closes those that nobody took over.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach ((Socket socket, _) in _unclaimed)
                socket.Dispose();
            _unclaimed.Clear();
        }
    }

    private Socket? Claim(Predicate<Socket> fits)
    {
        lock (_lock)
        {
            int at = _unclaimed.FindIndex(one => fits(one.Socket));
            if (at < 0)
                return null;
            Socket socket = _unclaimed[at].Socket;
            _unclaimed.RemoveAt(at);
            return socket;
        }
    }

    private static bool IsListening(Socket socket) => socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 0;

    private static ListenSpec? EndOf(Socket socket) => socket.LocalEndPoint switch
    {
        IPEndPoint tcp => ListenSpec.Tcp(tcp.Port, tcp.Address.ToString()),
        UnixDomainSocketEndPoint end when end.ToString() is { Length: > 0 } path => ListenSpec.Unix(path),
        _ => null,
    };

    private static string PathOf(string path) => UnixAddress.IsAbstract(path) ? path : Path.GetFullPath(path);

    private static string Describe(Socket socket, string name)
    {
        string end = socket.LocalEndPoint is IPEndPoint tcp ? Endpoint.Tcp(tcp).ToString() : socket.LocalEndPoint?.ToString() ?? "?";
        return $"{Printable.Text(end)} ({Printable.Text(name)})";
    }
}
