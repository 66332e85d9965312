using System.Globalization;
using System.Net;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>Admits whom an <see cref="AdmissionRule"/> names.</summary>
internal sealed class RuleAdmission : Admission
{
    private readonly IPeerIdentifier _identifier;
    private readonly string _words;
    private readonly List<AddressTerm> _addresses = [];
    private readonly HashSet<uint> _users = [];
    private readonly List<uint> _groups = [];
    private readonly ProcessAdmission? _processes;

    /// <param name="rule">Whom to admit.</param>
    /// <param name="identifier">Finds out who a peer is.</param>
    /// <param name="user">The user of this process; null where users have no numbers.</param>
    /// <exception cref="FormatException">Something that the rule names does not exist.</exception>
    internal RuleAdmission(AdmissionRule rule, IPeerIdentifier identifier, uint? user)
    {
        _identifier = identifier;
        Rule = rule.ToString();
        _words = rule.InWords();
        foreach (AdmissionTerm term in rule.Terms)
        {
            switch (term)
            {
                case AddressTerm address:
                    _addresses.Add(address);
                    break;
                case UserTerm named:
                    _users.Add(UserId(named.Name));
                    break;
                case SameUserTerm when user is { } own:
                    _users.Add(own);
                    break;
                case GroupTerm named:
                    _groups.Add(GroupId(named.Name));
                    break;
            }
        }

        _processes = ProcessAdmission.Of(rule, user);
    }

    internal override string Rule { get; }

    public override async ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Connection.Peer is not { } socket)
            return Refuse("the peer is not on this machine, so nothing is known of it");
        if (socket.Remote is { } remote)
        {
            if (_addresses.Exists(term => term.Contains(remote.Address)))
                return AdmissionVerdict.Admit();
            if (!IPAddress.IsLoopback(Endpoint.Unmapped(remote.Address)))
                return Refuse("a peer outside loopback is admitted by address alone");
        }
        PeerIdentity? peer = await _identifier.IdentifyAsync(socket, cancellationToken).ConfigureAwait(false);
        if (peer is null)
            return Refuse("the peer is gone or could not be determined");
        if (_users.Contains(peer.Uid) || _groups.Exists(group => UserDatabase.IsMember(peer.Uid, group)))
            return AdmissionVerdict.Admit(peer);
        string? detail = null;
        if (_processes?.Find(peer, out detail, cancellationToken) is { } pid)
            return AdmissionVerdict.Admit(peer with { Pid = pid, Executable = ProgramFile.PathOf(pid) });
        return Refuse(detail, PeerSearch.Complete(peer));
    }

    private AdmissionVerdict Refuse(string? detail, PeerIdentity? peer = null) =>
        AdmissionVerdict.Refuse($"the tunnel admits only {_words}{(detail is null ? "" : "; " + detail)}", peer);

    private static uint UserId(string name) => Number(name) ?? UserDatabase.UserId(name)
        ?? throw new FormatException($"user:{name}: this machine knows no such user");

    private static uint GroupId(string name) => Number(name) ?? UserDatabase.GroupId(name)
        ?? throw new FormatException($"group:{name}: this machine knows no such group");

    private static uint? Number(string name) =>
        uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;
}
