using System.Text;

namespace Adit.Proxies;

/// <summary>The user name and the password for a proxy. They go to it in the clear, unless what leads there is protected. Immutable.</summary>
/// <param name="User">The name.</param>
/// <param name="Password">The password; not in the text of this record.</param>
internal sealed record ProxyCredentials(string User, string Password)
{
    // Not into logs.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append(nameof(User)).Append(" = ").Append(User);
        return true;
    }
}
