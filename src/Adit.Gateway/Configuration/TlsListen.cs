using System.Globalization;
using System.Net.Sockets;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Gateway.Configuration;

/// <summary>A line of AditTlsListen: TLS clients of this port reach this target. Immutable.</summary>
/// <param name="Host">The address to listen at; <c>*</c> for all.</param>
/// <param name="Port">The port; 0 for a free one.</param>
/// <param name="Target">Where its clients go.</param>
/// <param name="IsPostgres">Whether clients come to TLS as PostgreSQL has it.</param>
internal sealed record TlsListen(string Host, int Port, Endpoint Target, bool IsPostgres)
{
    private const string Expected = "write [ADDRESS:]PORT TARGET_HOST:PORT, as in 5432 db.internal:5432, and postgres behind it for clients of PostgreSQL";

    /// <exception cref="ConfigException">The line cannot be understood.</exception>
    internal static TlsListen Read(ConfigLine line)
    {
        if (line.Arguments is not ([_, _] or [_, _, "postgres"]))
            throw KeywordValue.Wrong(line, Expected);
        string where = line.Arguments[0];
        try
        {
            Endpoint end = Endpoint.Parse(where.Contains(':', StringComparison.Ordinal) ? where : $"*:{where}");
            Endpoint to = Endpoint.Parse(line.Arguments[1]);
            if (end.IsUnix || (to.Port == 0 && !to.IsUnix))
                throw KeywordValue.Wrong(line, Expected);
            return new(end.Host, end.Port, to, line.Arguments.Count > 2);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"{line.Keyword} cannot be \"{string.Join(' ', line.Arguments)}\": {e.Message}; {Expected}", e);
        }
    }

    /// <summary>What is bound.</summary>
    /// <param name="family">AddressFamily.</param>
    internal ListenSpec Spec(AddressFamily family) => ListenSpec.Tcp(Port, (Host, family) switch
    {
        ("*", AddressFamily.InterNetwork) => "0.0.0.0",
        ("*", AddressFamily.InterNetworkV6) => "::",
        _ => Host,
    });

    /// <summary>The line as it can be written in a file again.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(Host is "*" ? $"{Port}" : Endpoint.Tcp(Host, Port))} {EffectiveSettings.Quoted(Target.ToString())}{(IsPostgres ? " postgres" : string.Empty)}");
}
