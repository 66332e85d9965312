namespace Adit.Bench.Speed;

/// <summary>What a results page shows.</summary>
/// <param name="Name">The benchmark's name, and that of its files.</param>
/// <param name="Title">The title of the page.</param>
/// <param name="Explanation">Who the contenders are.</param>
/// <param name="Goals">What is to be reached.</param>
/// <param name="Columns">The contenders, in the order of the table.</param>
internal sealed record Comparison(string Name, string Title, string Explanation, IReadOnlyList<Goal> Goals, IReadOnlyList<Contender> Columns)
{
    /// <summary>SSH tunnels.</summary>
    public static readonly Comparison Ssh = new(
        "speed",
        "Adit beside OpenSSH",
        """
        `ssh` is OpenSSH at both ends as it comes, `ssh gcm` the same with aes128-gcm, `adit+sshd` Adit's client with OpenSSH's server, `adit` is
        Adit at both ends. `relay` is two processes that copy without encryption, the most that two processes in between can reach; `dropbear` is dropbear at
        both ends, as it comes.
        """,
        Goal.All,
        [Contender.Direct, Contender.Relay, .. Contender.Tunnels, Contender.Dropbear]);
}
