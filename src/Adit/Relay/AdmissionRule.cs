namespace Adit.Relay;

/// <summary>
/// Who may use a tunnel, as people write it: <c>same-user</c>, <c>any</c>, <c>self</c>, <c>user:NAME</c>, <c>group:NAME</c>,
/// <c>exe:PATH</c>, <c>pid:N</c> and <c>address:CIDR,…</c>, several of them joined by <c>or</c>. Immutable.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>same-user</c>, <c>user:</c> and <c>group:</c> judge by the user who made the peer's socket, as the kernel names it. Who belongs
/// to a group is what the user database of the system says at that moment.</item>
/// <item><c>self</c>, <c>exe:</c> and <c>pid:</c> judge by processes: of a Unix socket by the one that connected, of a TCP connection by
/// those that hold the socket at the moment of the look, since the kernel does not note who connected it.</item>
/// <item><c>pid:N</c> is process N and its descendants as long as N lives; to be in a session that one of them began counts too. One of them has
/// to hold the socket. A socket that moves between programs can so be let in by the one that takes it: a program of the tree that accepts
/// descriptors from others over a Unix socket can be handed one by a stranger, who keeps a copy. Where the kernel tells in which control
/// group a socket was made (Linux 6.13), one that was made outside the group of its holder is refused for that reason. Looking for holders
/// beyond the tree as well would cost a look at every descriptor of the machine, and still miss a copy that is on its way in a socket.</item>
/// <item>There is one look, before the first byte. A TCP connection that is handed on before it is judged by who holds it then, and one that is
/// handed on later goes on: the process that was admitted answers for whom it lets use its connection, as if it passed the bytes on itself.</item>
/// <item><c>self</c> is the same for this process alone, without its descendants.</item>
/// <item><c>exe:PATH</c> is the file that lies at the path now, by device and inode, run by the user of this process: every process that is
/// seen to hold the socket has to run it, so that one that connects and then starts the program with its socket is refused while it holds it
/// itself. This keeps mistakes out, not malice of the same user: whoever may start a program may also hand it a socket for good, or change
/// what it does. Scripts run their interpreter and cannot be told apart this way.</item>
/// <item><c>address:</c> is the address from which a TCP connection comes, with everybody there.</item>
/// <item>A peer that does not come from a loopback address is admitted by <c>any</c> or <c>address:</c> alone, whoever it is.</item>
/// </list>
/// What is gone, hidden from this process or otherwise not determined is refused.
/// </remarks>
public sealed record AdmissionRule
{
    /// <summary>The longest text of a rule, in characters: 8192.</summary>
    public const int MaxLength = 8192;

    internal AdmissionRule(params IReadOnlyList<AdmissionTerm> terms) => Terms = terms;

    /// <summary>Everyone who can reach the listener.</summary>
    public static AdmissionRule Any { get; } = new(new AnyTerm());

    /// <summary>The user of this process.</summary>
    public static AdmissionRule SameUser { get; } = new(new SameUserTerm());

    /// <summary>This process.</summary>
    public static AdmissionRule Self { get; } = new(new SelfTerm());

    internal IReadOnlyList<AdmissionTerm> Terms { get; }

    /// <summary>A process of this machine and its descendants.</summary>
    /// <param name="pid">Its number, 1 or more.</param>
    public static AdmissionRule Tree(int pid)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pid);
        return new(new TreeTerm(pid));
    }

    /// <summary>Reads a rule. What it names is looked up when an <see cref="Admission"/> is made of it.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong and what could be meant.</exception>
    public static AdmissionRule Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(AdmissionRuleParser.Parse(text));
    }

    /// <summary>The rule as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => string.Join(" or ", Terms);

    /// <summary>Two rules are equal if they say the same in the same order.</summary>
    public bool Equals(AdmissionRule? other) => other is not null && string.Equals(ToString(), other.ToString(), StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>Whom the rule admits, in words.</summary>
    internal string InWords() => string.Join(" or ", Terms.Select(static term => term.InWords));
}
