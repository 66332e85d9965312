using System.Text;
using Adit.Interop.Tests.Peers;

namespace Adit.Interop.Tests.Endings;

/// <summary>All processes that were started with a word of this test's in their environment, whoever is their parent by now. Killed when this is disposed.</summary>
internal sealed class MarkedProcesses : IAsyncDisposable
{
    private const string Name = "ADIT_TEST_ENDING";

    private readonly string _value = Guid.NewGuid().ToString("N");

    /// <summary>As an environment for a start.</summary>
    public KeyValuePair<string, string?> Variable => new(Name, _value);

    /// <summary>As words in front of a command.</summary>
    public string Prefix => $"env {Name}={_value}";

    /// <summary>Those that live.</summary>
    public IReadOnlyList<ProcessEntry> All()
    {
        var wanted = Encoding.ASCII.GetBytes($"\0{Name}={_value}\0");
        return [.. ProcessTree.All().Where(entry => Environment(entry.Pid).AsSpan().IndexOf(wanted) >= 0 && ProcessTree.IsAlive(entry))];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var entry in All())
            ProcessTree.KillIfAlive(entry);
        await Patience.UntilAsync(() => All().Count == 0, "what was killed should be gone");
    }

    private static byte[] Environment(int pid)
    {
        try
        {
            return [0, .. File.ReadAllBytes($"/proc/{pid}/environ"), 0];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has just ended, or is another user's.
            return [];
        }
    }
}
