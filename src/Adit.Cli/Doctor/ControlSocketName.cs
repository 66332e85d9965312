namespace Adit.Cli.Doctor;

/// <summary>
/// The names under which masters listen: the socket is bound under the control path with a random word behind it, and moved to the control path
/// then. The kernel goes on to list it by the first name.
/// </summary>
internal static class ControlSocketName
{
    private const int WordLength = 16;

    /// <summary>The control path; null for a name that is no master's.</summary>
    public static string? Of(string bound)
    {
        int dot = bound.Length - WordLength - 1;
        return dot > 0 && bound[dot] == '.' && bound.AsSpan(dot + 1).IndexOfAnyExcept(Letters) < 0 ? bound[..dot] : null;
    }

    private static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
}
