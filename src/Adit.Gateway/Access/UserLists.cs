using System.Collections.Immutable;
using System.Net;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;

namespace Adit.Gateway.Access;

/// <summary>The lists of users and groups, sshd_config(5): DenyUsers, AllowUsers, DenyGroups, AllowGroups, in this order.</summary>
internal static class UserLists
{
    /// <summary>Why they do not let a user in; null when they do.</summary>
    public static string? Refusal(GatewaySettings now, ConnectionSubject subject)
    {
        if (now.DenyUsers.Any(pattern => Fits(subject, pattern)))
            return "DenyUsers names the user";
        if (now.AllowUsers.Length > 0 && !now.AllowUsers.Any(pattern => Fits(subject, pattern)))
            return "AllowUsers does not name the user";
        ImmutableArray<string> groups = subject.Groups;
        if (groups.Any(group => PatternList.FitsAny(group, now.DenyGroups)))
            return "DenyGroups names a group of the user";
        if (now.AllowGroups.Length > 0 && !groups.Any(group => PatternList.FitsAny(group, now.AllowGroups)))
            return "AllowGroups names no group of the user";
        return null;
    }

    // USER or USER@HOST, where the host is an address: names are not looked up.
    private static bool Fits(ConnectionSubject subject, string pattern)
    {
        int at = pattern.LastIndexOf('@');
        string user = at < 0 ? pattern : pattern[..at];
        return PatternList.Fits(subject.User, user) && (at < 0 || FitsAddress(subject.Address, pattern[(at + 1)..]));
    }

    private static bool FitsAddress(IPAddress? address, string pattern)
    {
        try
        {
            return address is not null && AddressPatternList.Parse(pattern).Contains(address);
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
