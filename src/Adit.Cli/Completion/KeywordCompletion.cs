using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Cli.Completion;

/// <summary>Completes <c>Keyword=value</c>. What a value can be is asked of the reader of the keyword.</summary>
internal static class KeywordCompletion
{
    // No keyword knows it: one that takes it takes anything.
    private const string Unheard = "adit-unheard-of";
    private const string SomeFile = "/file";

    // What values are called in ssh_config(5) and sshd_config(5); whether one is a keyword's, its reader says.
    internal static readonly string[] UsualWords =
    [
        "yes", "no", "none", "ask", "auto", "autoask", "confirm", "force", "always", "any", "inet", "inet6", "accept-new", "default", "subsystem", "local",
        "remote", "all", "clientspecified", "prohibit-password", "md5", "sha256", "QUIET", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG2", "DEBUG3",
    ];

    // How the names of keywords end whose values are files.
    private static readonly string[] FileEndings = ["File", "Path", "Key", "Keys", "Certificate", "Cert", "Root", "Agent", "CA", "CRL", "Log", "Banner"];

    /// <summary>A keyword and its value with an equals sign between them.</summary>
    public static Candidates Complete<TSettings>(string typed, IEnumerable<Keyword<TSettings>> served, Func<IEnumerable<string>> hosts)
    {
        int equals = typed.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            return Candidates.Of(typed, served.Select(static keyword => keyword.Name + "="), StringComparison.OrdinalIgnoreCase);
        string name = typed[..equals];
        return served.FirstOrDefault(keyword => keyword.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? Candidates.Past(typed, equals + 1, value => Value(found, value, hosts))
            : Candidates.None;
    }

    /// <summary>The value of a keyword.</summary>
    public static Candidates Value<TSettings>(Keyword<TSettings> keyword, string typed, Func<IEnumerable<string>> hosts) => keyword.Name switch
    {
        "HostName" or "HostKeyAlias" => HostCompletion.Destination(typed, hosts()),
        "ProxyJump" => HostCompletion.Jumps(typed, hosts()),
        "AditAdmit" => Admission(typed),
        "AditExpect" => Candidates.Of(typed, ["postgres", "none"]),
        "AditExpectCert" => Candidates.Of(typed, ["sha256:", "none"]),
        "AditProxy" => Candidates.Of(typed, ["http://", "socks5://", "none"]),
        "AditTargetTls" => Candidates.Of(typed, TargetTlsWords()),
        _ when AlgorithmQuery.Find(keyword.Name) is { } algorithms => Algorithms(typed, algorithms),
        _ => Candidates.Of(typed, Words(keyword), StringComparison.OrdinalIgnoreCase) switch
        {
            { Words: [] } when IsFile(keyword) => Candidates.Files,
            var words => words,
        },
    };

    /// <summary>Algorithms with commas between them; in front of all may stand what is done with those that are usual.</summary>
    public static Candidates Algorithms(string typed, IEnumerable<string> all) => typed is ['+' or '-' or '^', ..]
        ? Candidates.Past(typed, 1, list => Algorithms(list, all))
        : Candidates.InList(typed, name => Candidates.Of(name, all));

    private static IEnumerable<string> Words<TSettings>(Keyword<TSettings> keyword) => keyword.Takes(Unheard) ? [] : UsualWords.Where(keyword.Takes);

    private static bool IsFile<TSettings>(Keyword<TSettings> keyword) =>
        Array.Exists(FileEndings, ending => keyword.Name.EndsWith(ending, StringComparison.Ordinal)) && keyword.Takes(SomeFile);

    private static Candidates Admission(string typed)
    {
        const string program = "exe:";
        return typed.StartsWith(program, StringComparison.Ordinal)
            ? Candidates.Past(typed, program.Length, static _ => Candidates.Files)
            : Candidates.Of(typed, AdmissionRuleParser.Forms.Select(static form => form[..(form.IndexOf(':', StringComparison.Ordinal) + 1)] is { Length: > 0 } named ? named : form));
    }

    private static IEnumerable<string> TargetTlsWords() =>
        from beginning in Enum.GetValues<TlsBeginning>()
        from mode in Enum.GetValues<TlsMode>()
        select new TargetTls(mode, beginning).ToString().Replace(' ', ',');
}
