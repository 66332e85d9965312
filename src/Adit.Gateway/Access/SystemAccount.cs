using System.Collections.Immutable;

namespace Adit.Gateway.Access;

/// <summary>What the system's files say about a user, if it has an account at all: users of a gateway need none.</summary>
/// <param name="Home">The home folder; null without an account.</param>
/// <param name="Uid">The number; null without an account.</param>
/// <param name="Groups">Its groups by name.</param>
internal sealed record SystemAccount(string? Home, string? Uid, ImmutableArray<string> Groups)
{
    private static readonly SystemAccount None = new(null, null, []);

    /// <summary>Looks a user up in passwd(5) and group(5).</summary>
    public static SystemAccount Of(string user, string passwd = "/etc/passwd", string groups = "/etc/group")
    {
        string[]? account = Lines(passwd).FirstOrDefault(fields => fields.Length >= 6 && fields[0] == user);
        if (account is null)
            return None;
        return new(account[5], account[2],
        [
            .. Lines(groups)
                .Where(fields => fields.Length >= 4 && (fields[2] == account[3] || fields[3].Split(',').Contains(user)))
                .Select(static fields => fields[0]),
        ]);
    }

    private static IEnumerable<string[]> Lines(string path)
    {
        try
        {
            return [.. File.ReadLines(path).Select(static line => line.Split(':'))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
