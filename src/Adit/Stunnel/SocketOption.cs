using System.Globalization;
using Adit.Wording;

namespace Adit.Stunnel;

/// <summary>The values of <c>socket</c>: <c>a|l|r:OPTION=VALUE[:VALUE]</c>.</summary>
internal static class SocketOption
{
    private const string Expected = "write a, l or r, a colon, and OPTION=VALUE, as in l:TCP_NODELAY=1";

    private static readonly (string Name, Kind Kind)[] Known =
    [
        ("SO_DEBUG", Kind.Flag), ("SO_DONTROUTE", Kind.Flag), ("SO_KEEPALIVE", Kind.Flag), ("SO_LINGER", Kind.Pair), ("SO_OOBINLINE", Kind.Flag),
        ("SO_RCVBUF", Kind.Number), ("SO_SNDBUF", Kind.Number), ("SO_RCVLOWAT", Kind.Number), ("SO_SNDLOWAT", Kind.Number),
        ("SO_RCVTIMEO", Kind.Pair), ("SO_SNDTIMEO", Kind.Pair), ("SO_REUSEADDR", Kind.Flag), ("SO_EXCLUSIVEADDRUSE", Kind.Flag),
        ("SO_BINDTODEVICE", Kind.Text), ("TCP_KEEPCNT", Kind.Number), ("TCP_KEEPIDLE", Kind.Number), ("TCP_KEEPINTVL", Kind.Number),
        ("TCP_MAXSEG", Kind.Number), ("TCP_NODELAY", Kind.Flag), ("IP_TOS", Kind.Number), ("IP_TTL", Kind.Number),
        ("IP_FREEBIND", Kind.Flag), ("IP_BIND_ADDRESS_NO_PORT", Kind.Flag), ("IPV6_V6ONLY", Kind.Flag),
    ];

    private enum Kind
    {
        Flag,
        Number,
        Pair,
        Text,
    }

    /// <summary>Why a value has no effect; empty where what it says is so anyway.</summary>
    /// <exception cref="StunnelException">It is none, or narrows who can connect.</exception>
    internal static string Judge(OptionLine line)
    {
        string text = line.Value;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (text is not ['a' or 'l' or 'r', ':', ..] || equals < 3)
            throw line.Wrong(Expected);
        string name = text[2..equals].TrimEnd();
        string value = text[(equals + 1)..].Trim();
        (string Name, Kind Kind) option = Array.Find(Known, known => known.Name == name);
        if (option.Name is null)
        {
            throw line.Wrong(
                $"there is no socket option {name}"
                + (Spelling.Nearest(name, Known.Select(known => known.Name)) is { } near ? $"; the nearest known one is {near}" : ""));
        }

        if (!Fits(value, option.Kind))
            throw line.Wrong(Expected);
        return name switch
        {
            "SO_BINDTODEVICE" => throw line.Refused("it says from where one can connect, and that is not served; write an address of the device in front of the port"),
            "TCP_NODELAY" when IsYes(value) => "",
            "SO_REUSEADDR" when IsYes(value) && text[0] == 'a' => "",
            _ => "sockets have the settings that Adit gives them",
        };
    }

    private static bool Fits(string value, Kind kind) => kind switch
    {
        Kind.Flag => IsYes(value) || value == "0" || value.Equals("no", StringComparison.OrdinalIgnoreCase),
        Kind.Number => IsNumber(value),
        Kind.Pair => value.Split(':') is { Length: 1 or 2 } parts && parts.All(IsNumber),
        _ => value.Length > 0,
    };

    private static bool IsYes(string value) => value == "1" || value.Equals("yes", StringComparison.OrdinalIgnoreCase);

    private static bool IsNumber(string value) => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
}
