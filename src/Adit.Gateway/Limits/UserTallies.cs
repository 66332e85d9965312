using Adit.Gateway.Configuration;

namespace Adit.Gateway.Limits;

/// <summary>The counts of all users and keys that are connected. Safe to use from several threads.</summary>
internal sealed class UserTallies(TimeProvider time)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<string, UserTally.SharedCount> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts one more connection of a user with keys; null when the user, or one of the keys, has as many as allowed.</summary>
    /// <param name="user">The user.</param>
    /// <param name="keys">The fingerprints of the user's keys, each once; none for a user who came in without one.</param>
    /// <param name="limits">What is allowed.</param>
    public UserTally? TryAdd(string user, IEnumerable<string> keys, UserLimits limits)
    {
        string[] names = ["user " + user, .. keys.Select(static key => "key " + key)];
        lock (_sync)
        {
            UserTally.SharedCount[] shared = [.. names.Select(Find)];
            if (limits.Connections is { } most && shared.Any(count => count.Connections >= most))
            {
                Forget(names);
                return null;
            }

            foreach (UserTally.SharedCount count in shared)
                count.Connections++;
            return new(shared, limits, time, () => Leave(names));
        }
    }

    private UserTally.SharedCount Find(string name)
    {
        if (!_counts.TryGetValue(name, out UserTally.SharedCount? count))
            _counts.Add(name, count = new(time));
        return count;
    }

    private void Leave(string[] names)
    {
        lock (_sync)
        {
            foreach (string name in names)
                _counts[name].Connections--;
            Forget(names);
        }
    }

    private void Forget(string[] names)
    {
        foreach (string name in names)
        {
            if (_counts.TryGetValue(name, out UserTally.SharedCount? count) && count.Connections == 0)
                _counts.Remove(name);
        }
    }
}
