using System.Text;
using System.Text.RegularExpressions;

namespace Adit.Interop.Tests.Peers;

/// <summary>The text that a peer has written so far. A prompt without a newline counts as soon as it is there.</summary>
internal sealed class Transcript
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Text
    {
        get
        {
            lock (_gate)
                return _text.ToString();
        }
    }

    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Completes when the peer can write no more.</summary>
    public Task Ended => _ended.Task;

    public int Count(string pattern) => Pattern(pattern).Count(Text);

    public bool Contains(string pattern) => Pattern(pattern).IsMatch(Text);

    /// <summary>The first match in all that was or will be written; null when the peer ends without one.</summary>
    public async Task<Match?> FindAsync(string pattern)
    {
        var regex = Pattern(pattern);
        while (true)
        {
            Task grown;
            string text;
            bool ended;
            lock (_gate)
            {
                grown = _grown.Task;
                ended = _ended.Task.IsCompleted;
                text = _text.ToString();
            }
            var match = regex.Match(text);
            if (match.Success)
                return match;
            if (ended)
                return null;
            await grown;
        }
    }

    public void Append(ReadOnlySpan<char> text)
    {
        TaskCompletionSource grown;
        lock (_gate)
        {
            _text.Append(text);
            grown = _grown;
            _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        grown.SetResult();
    }

    public void End()
    {
        lock (_gate)
            _ended.TrySetResult();
        Append([]);
    }

    private static Regex Pattern(string pattern) =>
        new(pattern, RegexOptions.CultureInvariant | RegexOptions.Multiline, TimeSpan.FromSeconds(5));
}
