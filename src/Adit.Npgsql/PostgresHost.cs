using System.Globalization;
using Adit.Relay;

namespace Adit.Npgsql;

/// <summary>One host of a connection string.</summary>
/// <param name="Name">The name or address that a certificate is checked for; the path of a socket's folder on the server.</param>
/// <param name="Target">Where the server connects to.</param>
internal sealed record PostgresHost(string Name, Endpoint Target)
{
    private const int MostHosts = 64;

    /// <summary>Reads what a connection string has: <c>a,b:5433,[::1]:5432,/var/run/postgresql</c>.</summary>
    /// <param name="hosts">The value of Host.</param>
    /// <param name="port">The value of Port, for hosts without one.</param>
    /// <exception cref="ArgumentException">Some host cannot be one.</exception>
    public static IReadOnlyList<PostgresHost> ParseList(string? hosts, int port)
    {
        if (string.IsNullOrWhiteSpace(hosts))
            throw new ArgumentException("the connection string names no Host; write the one that the SSH server is to connect to, such as Host=localhost", nameof(hosts));
        string[] all = hosts.Split(',');
        if (all.Length > MostHosts)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"the connection string names {all.Length} hosts, and {MostHosts} are the most"), nameof(hosts));
        return [.. all.Select(host => Parse(host.Trim(), port))];
    }

    private static PostgresHost Parse(string written, int port)
    {
        try
        {
            // A folder with a socket of PostgreSQL, on the server.
            if (written.StartsWith('/'))
                return new(written, Endpoint.Unix(string.Create(CultureInfo.InvariantCulture, $"{written}/.s.PGSQL.{port}")));
            string host = written;
            int colon = written.LastIndexOf(':');
            // As Npgsql reads it: more than one colon without brackets is an IPv6 address alone.
            if (colon >= 0 && (written.StartsWith('[') ? colon > written.LastIndexOf(']') : written.IndexOf(':', StringComparison.Ordinal) == colon))
            {
                host = written[..colon];
                if (!ushort.TryParse(written.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort own) || own == 0)
                    throw new FormatException($"\"{written[(colon + 1)..]}\" is not a port from 1 to 65535");
                port = own;
            }

            if (host is ['[', .. var inner, ']'])
                host = inner;
            return new(host, Endpoint.Tcp(host, port));
        }
        catch (FormatException e)
        {
            throw new ArgumentException($"the Host \"{written}\" of the connection string cannot be used: {e.Message}", nameof(written), e);
        }
    }
}
