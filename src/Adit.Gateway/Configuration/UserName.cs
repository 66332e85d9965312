namespace Adit.Gateway.Configuration;

/// <summary>The names that users may have. They become parts of paths (AuthorizedKeysFile %u), so that not everything can be one.</summary>
internal static class UserName
{
    private const int MaxLength = 128;

    /// <summary>Letters, digits and <c>. _ + @ -</c>, not beginning with a dot or a dash.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength
        && name[0] is not ('.' or '-')
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '+' or '@' or '-');
}
