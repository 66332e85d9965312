namespace Adit.Cli.Completion;

/// <summary>The scripts that shells source. They hand over the words that they see, and know none themselves.</summary>
internal static class CompletionScript
{
    // bash takes words apart at = : and @, and replaces only the last part ($2): the parts are put together again by the blanks between them,
    // and what stands in front of the last one is cut from each candidate.
    private const string Bash =
        """
        # Completes the words of adit in bash.
        _adit() {
            local rest=${COMP_LINE:0:COMP_POINT} current=${2//[\"\'\\]/} word blank i cut
            local -a words=() found=()
            for ((i = 0; i <= COMP_CWORD; i++)); do
                blank=${rest%%[![:space:]]*} rest=${rest#"${rest%%[![:space:]]*}"} word=${COMP_WORDS[i]}
                if ((i == COMP_CWORD)); then word=$rest; fi
                rest=${rest:${#word}} word=${word//[\"\'\\]/}
                if [[ $i -eq 0 || -n $blank ]]; then words+=("$word"); else words[${#words[@]}-1]+=$word; fi
            done
            word=${words[${#words[@]}-1]} cut=$((${#word} - ${#current})) COMPREPLY=()
            mapfile -t found < <("${1/#~\//$HOME/}" completion words -- "${words[@]:1}" 2>/dev/null </dev/null)
            for word in "${found[@]}"; do
                case $word in
                    :files*) compopt -o default 2>/dev/null ;;
                    :programs) mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
                    *[=:,@/]) compopt -o nospace 2>/dev/null; COMPREPLY+=("${word:cut}") ;;
                    *) COMPREPLY+=("${word:cut}") ;;
                esac
            done
        }
        complete -F _adit adit
        """;

    private const string Zsh =
        """
        #compdef adit
        # Completes the words of adit in zsh.
        _adit() {
            local word
            local -a open whole
            for word in "${(@f)$(${(Q)~words[1]} completion words -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}"; do
                case $word in
                    '') ;;
                    :files*) compset -p ${word#:files }; _files ;;
                    :programs) _command_names -e ;;
                    *[=:,@/]) open+=("$word") ;;
                    *) whole+=("$word") ;;
                esac
            done
            compadd -M 'm:{a-zA-Z}={A-Za-z}' -S '' -a open
            compadd -M 'm:{a-zA-Z}={A-Za-z}' -a whole
        }
        if [ "$funcstack[1]" = _adit ]; then _adit "$@"; else compdef _adit adit; fi
        """;

    private const string Fish =
        """
        # Completes the words of adit in fish.
        function __adit_candidates
            set -l words (commandline -opc) (commandline -ct | string unescape)
            set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
            for word in (command $program completion words -- $words[2..] 2>/dev/null </dev/null)
                switch $word
                    case ':files *'
                        set -l at (string replace ':files ' '' -- $word)
                        set -l front (string sub -l $at -- $words[-1])
                        for file in (complete -C "'' "(commandline -ct | string sub -s (math $at + 1)))
                            echo -- $front$file
                        end
                    case ':programs'
                        __fish_complete_command
                    case '*'
                        echo -- $word
                end
            end
        end
        complete -c adit -f -a '(__adit_candidates)'
        """;

    private static readonly (string Shell, string Script)[] All = [("bash", Bash), ("zsh", Zsh), ("fish", Fish)];

    /// <summary>The shells that there are scripts for.</summary>
    internal static IEnumerable<string> Shells => All.Select(static pair => pair.Shell);

    /// <summary>The script of a shell; null where there is none.</summary>
    internal static string? Find(string shell) => Array.Find(All, pair => pair.Shell.Equals(shell, StringComparison.Ordinal)).Script;
}
