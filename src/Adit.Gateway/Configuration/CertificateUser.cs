using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Adit.OpenSsh;

namespace Adit.Gateway.Configuration;

/// <summary>A line of AditTlsUser: whose certificate fits one of the rules is this user. Immutable.</summary>
/// <param name="Name">The user.</param>
/// <param name="Rules">The rules.</param>
internal sealed record CertificateUser(string Name, ImmutableArray<CertificateRule> Rules)
{
    private const string Expected = "write a user's name and rules such as CN=joe, DNS=*.example.com, URI=spiffe://example.com/db/* or SPKI=sha256:digest";

    /// <exception cref="ConfigException">The line cannot be understood.</exception>
    internal static CertificateUser Read(ConfigLine line)
    {
        if (line.Arguments is not [var name, _, ..])
            throw KeywordValue.Wrong(line, Expected);
        if (!UserName.IsValid(name))
            throw KeywordValue.Wrong(line, $"\"{name}\" cannot be the name of a user; {Expected}");
        try
        {
            return new(name, [.. line.Arguments.Skip(1).Select(CertificateRule.Parse)]);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"{line.Keyword}: {e.Message}", e);
        }
    }

    /// <summary>The user of the first line that a certificate fits; null for nobody.</summary>
    internal static string? Find(ImmutableArray<CertificateUser> users, X509Certificate2 certificate, bool isFromAuthority) =>
        users.FirstOrDefault(user => user.Rules.Any(rule => rule.Fits(certificate, isFromAuthority)))?.Name;

    /// <summary>The line as it can be written in a file again.</summary>
    public override string ToString() => $"{Name} {string.Join(' ', Rules.Select(static rule => EffectiveSettings.Quoted(rule.Text)))}";
}
