using Adit.Mux;
using Adit.OpenSsh;

namespace Adit.Tests.Mux;

public sealed class ControlSharingTests
{
    [Fact]
    public void The_mode_and_the_socket_decide_the_role()
    {
        const string expected = """
            No      Absent  Plain
            No      Dead    Plain
            No      Live    Client
            No      Foreign Plain
            Yes     Absent  Master
            Yes     Dead    Master
            Yes     Live    PlainSincePathIsTaken
            Yes     Foreign PlainSincePathIsTaken
            Ask     Absent  Master
            Ask     Dead    Master
            Ask     Live    PlainSincePathIsTaken
            Ask     Foreign PlainSincePathIsTaken
            Auto    Absent  Master
            Auto    Dead    Master
            Auto    Live    Client
            Auto    Foreign PlainSincePathIsTaken
            AutoAsk Absent  Master
            AutoAsk Dead    Master
            AutoAsk Live    Client
            AutoAsk Foreign PlainSincePathIsTaken
            """;
        string decided = string.Join('\n',
            from mode in Enum.GetValues<ControlMaster>()
            from state in Enum.GetValues<ControlSocketState>()
            select $"{mode,-7} {state,-7} {ControlSharing.Decide(mode, state)}");
        Assert.Equal(expected, decided);
    }

    [Theory]
    [InlineData((int)ControlMaster.Ask, true)]
    [InlineData((int)ControlMaster.AutoAsk, true)]
    [InlineData((int)ControlMaster.Yes, false)]
    [InlineData((int)ControlMaster.Auto, false)]
    public void Only_the_asking_modes_confirm(int mode, bool confirms) => Assert.Equal(confirms, ControlSharing.Confirms((ControlMaster)mode));
}
