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
        ["KERN"] = 0, ["USER"] = 1, ["MAIL"] = 2, ["DAEMON"] = 3, ["AUTH"] = 4, ["SYSLOG"] = 5, ["LPR"] = 6, ["NEWS"] = 7, ["UUCP"] = 8,
        ["CRON"] = 9, ["AUTHPRIV"] = 10, ["FTP"] = 11, ["NTP"] = 12, ["LOCAL0"] = 16, ["LOCAL1"] = 17, ["LOCAL2"] = 18, ["LOCAL3"] = 19,
        ["LOCAL4"] = 20, ["LOCAL5"] = 21, ["LOCAL6"] = 22, ["LOCAL7"] = 23,
    };

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly int _facility;
    private readonly string _name;

    /// <param name="facility">The facility in the words of ssh_config(5).</param>
    /// <param name="name">What the lines come from.</param>
    /// <exception cref="IOException">There is no system log.</exception>
    public SystemLog(string facility, string name = "adit")
    {
        _facility = Facilities.GetValueOrDefault(facility, Facilities["USER"]) << FacilityShift;
        _name = name;
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

    public override void WriteLine(string? value) => WriteLine(Notice, value);

    /// <summary>Writes a line of a severity of syslog(3), 0 to 7.</summary>
    /// <exception cref="IOException">The log does not take it.</exception>
    public void WriteLine(int severity, string? value)
    {
        try
        {
            string head = string.Create(CultureInfo.InvariantCulture, $"<{_facility | severity}>{_name}[{Environment.ProcessId}]: ");
            _socket.Send(Encoding.UTF8.GetBytes(head + value));
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
