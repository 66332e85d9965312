using Adit.Interop.Tests.Peers;

namespace Adit.Interop.Tests.Server;

/// <summary>One row of a table of rules.</summary>
/// <param name="Requirement">What asks for it: an id, or sshd where its behaviour is the requirement.</param>
/// <param name="Config">Lines of sshd_config.</param>
/// <param name="KeyOptions">Those before the user's key in authorized_keys.</param>
internal sealed record PolicyRow(string Requirement, string Config, string KeyOptions)
{
    /// <summary>What stands for <c>{name}</c> in the rules; <c>{user}</c> is always known.</summary>
    public IReadOnlyList<(string Name, object Value)> Values { get; init; } = [];

    public string Fill(string text) => Values.Append(("user", TestUser.Name))
        .Aggregate(text, static (filled, value) => filled.Replace($"{{{value.Item1}}}", FormattableString.Invariant($"{value.Item2}"), StringComparison.Ordinal));
}
