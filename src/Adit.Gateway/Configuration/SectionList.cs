using Adit.OpenSsh;

namespace Adit.Gateway.Configuration;

/// <summary>Values that add up over the lines of the Match blocks that apply or, where those have none, over the lines of the global section.</summary>
internal sealed class SectionList<T>
{
    private readonly List<Sourced<T>> _values = [];
    private bool _isComplete;

    internal IReadOnlyList<Sourced<T>> Given => _values;

    internal IEnumerable<T> Values => _values.Select(value => value.Value);

    internal void Add(T value, ConfigSource source)
    {
        if (!_isComplete)
            _values.Add(new(value, source));
    }

    /// <summary>What comes now belongs to another section.</summary>
    internal void End() => _isComplete = _values.Count > 0;
}
