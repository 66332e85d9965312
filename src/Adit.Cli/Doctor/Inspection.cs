using System.Globalization;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>What is looked at, and what could not be.</summary>
/// <param name="machine">The processes and sockets.</param>
/// <param name="user">Whose files are looked at.</param>
/// <param name="systemDirectory">Where the system's ssh_config is.</param>
internal sealed class Inspection(ProcView machine, LocalUser user, string systemDirectory = "/etc/ssh")
{
    private readonly List<string> _unseen = [];

    /// <summary>The processes and sockets.</summary>
    public ProcView Machine => machine;

    /// <summary>Whose files are looked at.</summary>
    public LocalUser User => user;

    /// <summary>Where the system's ssh_config is.</summary>
    public string SystemDirectory => systemDirectory;

    /// <summary>The user's folder of ssh.</summary>
    public string SshFolder => Path.Join(user.Home, ".ssh");

    /// <summary>What was not looked at, and why.</summary>
    public IReadOnlyList<string> Unseen => _unseen;

    /// <summary>Whether something of this user's could not be looked at.</summary>
    public bool IsIncomplete { get; private set; }

    /// <summary>The processes that may be judged: this user's, for root all.</summary>
    public IEnumerable<ProcProcess> Processes => machine.Processes.Where(process => IsOurs(process.Owner)).OrderBy(static process => process.Since).ThenBy(static process => process.Pid);

    private uint UserId => uint.Parse(user.Id, CultureInfo.InvariantCulture);

    /// <summary>Whether what belongs to a user is this one's to look at.</summary>
    public bool IsOurs(uint owner) => UserId == 0 || owner == UserId;

    /// <summary>Notes that something of this user's could not be looked at.</summary>
    public void CannotSee(string what)
    {
        IsIncomplete = true;
        LeaveOut(what);
    }

    /// <summary>Notes that something is not this user's to look at.</summary>
    public void LeaveOut(string what)
    {
        string shown = Printable.Text(what);
        if (!_unseen.Contains(shown, StringComparer.Ordinal))
            _unseen.Add(shown);
    }

    /// <summary>The entries of a folder; none where there is no such folder, or it cannot be read, which is noted.</summary>
    public IReadOnlyList<string> Entries(string folder, string pattern = "*")
    {
        const int MaxEntries = 10_000;
        try
        {
            string[] found = [.. Directory.EnumerateFileSystemEntries(folder, pattern).Take(MaxEntries + 1)];
            if (found.Length > MaxEntries)
                CannotSee(string.Create(CultureInfo.InvariantCulture, $"{folder}: more than {MaxEntries} files; the others were not looked at"));
            return [.. found.Take(MaxEntries).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CannotSee($"{folder}: {e.Message}");
            return [];
        }
    }
}
