using Adit.Stunnel;

namespace Adit.Cli.Tls;

/// <summary>What <c>adit tls --options</c> prints: each option of stunnel, and what becomes of it.</summary>
internal static class OptionTable
{
    /// <summary>One line for each option.</summary>
    public static IEnumerable<string> Lines()
    {
        int width = StunnelOptions.Names.Max(static name => name.Length);
        return StunnelOptions.Table
            .Append(new StunnelOption(StunnelFile.Include, OptionTreatment.Served))
            .OrderBy(static option => option.Name, StringComparer.OrdinalIgnoreCase)
            .Select(option => $"{option.Name.PadRight(width)}  {option.Treatment.ToString().ToLowerInvariant(),-7}  {option.Reason}".TrimEnd());
    }
}
