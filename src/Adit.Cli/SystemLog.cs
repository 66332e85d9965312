using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Adit.Cli;

/// <summary>Writes lines to the system's log, as syslog(3) does: ssh's -y with SyslogFacility. A line that the log does not take is lost.</summary>
internal sealed class SystemLog : TextWriter
{
    private const string Path = "/dev/log";
    private const int Notice = 5;
    private const int FacilityShift = 3;

    // syslog.h, in the words of ssh_config(5).
    private static readonly Dictionary<string, int> Facilities = new(StringComparer.OrdinalIgnoreCase)
    {
        ["USER"] = 1, ["DAEMON"] = 3, ["AUTH"] = 4, ["AUTHPRIV"] = 10, ["LOCAL0"] = 16, ["LOCAL1"] = 17, ["LOCAL2"] = 18, ["LOCAL3"] = 19,
        ["LOCAL4"] = 20, ["LOCAL5"] = 21, ["LOCAL6"] = 22, ["LOCAL7"] = 23,
    };

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly string _head;

    /// <param name="facility">The facility in the words of ssh_config(5).</param>
    /// <exception cref="IOException">There is no system log.</exception>
    public SystemLog(string facility)
    {
        int priority = (Facilities.GetValueOrDefault(facility, Facilities["USER"]) << FacilityShift) | Notice;
        _head = string.Create(CultureInfo.InvariantCulture, $"<{priority}>adit[{Environment.ProcessId}]: ");
        try
        {
            _socket.Connect(new UnixDomainSocketEndPoint(Path));
        }
        catch (SocketException e)
        {
            _socket.Dispose();
            throw new IOException($"the system's log cannot be reached at {Path} (-y): {e.Message}", e);
        }
    }

    public override Encoding Encoding => Encoding.UTF8;

    public override void WriteLine(string? value)
    {
        try
        {
            _socket.Send(Encoding.UTF8.GetBytes(_head + value));
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _socket.Dispose();
        base.Dispose(disposing);
    }
}
