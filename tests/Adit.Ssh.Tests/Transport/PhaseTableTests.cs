using Adit.Ssh.Messages;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Tests.Transport;

/// <summary>Every message number in every phase and role: the table must say what RFC 4253, 4252 and strict key exchange say, and nothing else.</summary>
public class PhaseTableTests
{
    public static TheoryData<string, bool, bool> Rows
    {
        get
        {
            var rows = new TheoryData<string, bool, bool>();
            foreach (string phase in Enum.GetNames<Phase>())
            {
                foreach (bool server in (bool[])[false, true])
                {
                    rows.Add(phase, server, false);
                    rows.Add(phase, server, true);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Exactly_the_messages_of_the_phase_are_accepted(string phaseName, bool server, bool exact)
    {
        Phase phase = Enum.Parse<Phase>(phaseName);
        SshRole role = server ? SshRole.Server : SshRole.Client;
        int[] accepted = [.. Enumerable.Range(0, 256).Where(number => Judge(phase, role, exact, number) is Verdict.Accept)];
        Assert.Equal(Expected(phase, role, exact).Order(), accepted);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void What_is_not_accepted_is_never_dropped_during_an_exact_first_exchange(string phaseName, bool server, bool exact)
    {
        Phase phase = Enum.Parse<Phase>(phaseName);
        if (!exact || phase is not (Phase.FirstKex or Phase.FirstNewKeys))
            return;
        SshRole role = server ? SshRole.Server : SshRole.Client;
        HashSet<int> accepted = [.. Expected(phase, role, exact)];
        Assert.All(
            Enumerable.Range(0, 256).Where(number => !accepted.Contains(number)),
            number => Assert.Equal(Verdict.Refuse, Judge(phase, role, exact, number)));
    }

    [Theory]
    [InlineData(Phase.Connection, 8, Verdict.Unimplemented)]
    [InlineData(Phase.Connection, 101, Verdict.Unimplemented)]
    [InlineData(Phase.Connection, 255, Verdict.Unimplemented)]
    [InlineData(Phase.Authentication, 128, Verdict.Unimplemented)]
    [InlineData(Phase.FirstKexInit, 150, Verdict.Unimplemented)]
    [InlineData(Phase.Rekey, 150, Verdict.Refuse)]
    [InlineData(Phase.Connection, 0, Verdict.Refuse)]
    [InlineData(Phase.Connection, 7, Verdict.Ignore)]
    [InlineData(Phase.Rekey, 192, Verdict.Ignore)]
    [InlineData(Phase.Service, 192, Verdict.Ignore)]
    [InlineData(Phase.Rekey, 94, Verdict.Refuse)]
    [InlineData(Phase.Authentication, 90, Verdict.Refuse)]
    [InlineData(Phase.Service, 80, Verdict.Refuse)]
    internal void Other_messages_are_answered_ignored_or_end_the_connection(Phase phase, int number, Verdict expected) =>
        Assert.Equal(expected, Judge(phase, SshRole.Client, exact: true, number));

    [Fact]
    public void A_server_ignores_authentication_requests_that_crossed_its_success() =>
        Assert.Equal(Verdict.Ignore, Judge(Phase.Connection, SshRole.Server, exact: true, 50));

    private static Verdict Judge(Phase phase, SshRole role, bool exact, int number) => PhaseTable.Judge(phase, role, exact, (MessageNumber)number);

    private static IEnumerable<int> Expected(Phase phase, SshRole role, bool exact)
    {
        bool client = role is SshRole.Client;
        IEnumerable<int> own = phase switch
        {
            Phase.FirstKexInit => [20],
            Phase.FirstKex or Phase.Rekey => Enumerable.Range(30, 20),
            Phase.FirstNewKeys or Phase.RekeyNewKeys => [21],
            Phase.Service => client ? [6, 7, 20] : [5, 7, 20],
            Phase.Authentication => client ? [7, 20, 51, 52, 53, 60] : [20, 50, 61],
            _ => [20, 80, 81, 82, .. Enumerable.Range(90, 11), 192, 193],
        };
        bool stray = !(exact && phase is Phase.FirstKex or Phase.FirstNewKeys && exact);
        return stray ? own.Concat([1, 2, 3, 4]) : own.Append(1);
    }
}
