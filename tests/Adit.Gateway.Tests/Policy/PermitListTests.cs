using Adit.Gateway.Policy;

namespace Adit.Gateway.Tests.Policy;

/// <summary>PermitOpen and PermitListen as sshd compares them, to the letter.</summary>
public class PermitListTests
{
    [Theory]
    [Trait("Surface", "S2-9")]
    [InlineData("db:5432", "db", 5432, true)]
    [InlineData("db:5432", "db", 5433, false)]
    [InlineData("db:5432", "DB", 5432, false)]
    [InlineData("DB:5432", "db", 5432, false)]
    [InlineData("db:5432", "db.", 5432, false)]
    [InlineData("db:5432", "10.0.0.1", 5432, false)]
    [InlineData("10.0.0.1:5432", "10.0.0.01", 5432, false)]
    [InlineData("localhost:5432", "127.0.0.1", 5432, false)]
    [InlineData("*:5432", "anything.example", 5432, true)]
    [InlineData("*:5432", "anything.example", 5433, false)]
    [InlineData("db:*", "db", 1, true)]
    [InlineData("db:*", "other", 1, false)]
    [InlineData("*:*", "other", 65535, true)]
    [InlineData("*.example.com:443", "a.example.com", 443, false)]
    [InlineData("[::1]:5432", "::1", 5432, true)]
    [InlineData("[::1]:5432", "0:0:0:0:0:0:0:1", 5432, false)]
    [InlineData("any", "db", 5432, true)]
    [InlineData("none", "db", 5432, false)]
    [InlineData("none", "none", 5432, false)]
    public void PermitOpen_compares_the_host_letter_by_letter_and_looks_nothing_up(string entry, string host, int port, bool permitted) =>
        Assert.Equal(permitted, PermitList.AllowsOpen([entry], host, port));

    [Fact]
    public void One_of_several_entries_is_enough_and_any_or_none_among_others_are_no_words()
    {
        Assert.True(PermitList.AllowsOpen(["a:1", "b:2"], "b", 2));
        Assert.False(PermitList.AllowsOpen(["a:1", "b:2"], "a", 2));
        Assert.False(PermitList.AllowsOpen(["a:1", "any"], "b", 2));
        Assert.True(PermitList.AllowsOpen(["none", "b:2"], "b", 2));
    }

    [Fact]
    public void No_list_permits_everything()
    {
        Assert.True(PermitList.AllowsOpen([], "b", 2));
        Assert.True(PermitList.AllowsOpen(default, "b", 2));
        Assert.True(PermitList.AllowsListen([], "", 0));
        Assert.True(PermitList.AllowsOpenOfSocket([]));
    }

    [Theory]
    [InlineData("*:*", true)]
    [InlineData("any", true)]
    [InlineData("none", false)]
    [InlineData("*:5432", false)]
    [InlineData("/run/x.sock:*", false)]
    public void No_entry_can_name_a_socket_so_only_all_of_them_are_permitted(string entry, bool permitted) =>
        Assert.Equal(permitted, PermitList.AllowsOpenOfSocket([entry]));

    [Theory]
    [Trait("Surface", "S2-9")]
    [InlineData("8080", "localhost", 8080, true)]
    [InlineData("8080", "", 8080, true)]
    [InlineData("8080", "0.0.0.0", 8080, true)]
    [InlineData("8080", "localhost", 8081, false)]
    [InlineData("localhost:8080", "localhost", 8080, true)]
    [InlineData("localhost:8080", "LOCALHOST", 8080, true)]
    [InlineData("localhost:8080", "127.0.0.1", 8080, false)]
    [InlineData("localhost:8080", "::1", 8080, false)]
    [InlineData("127.0.0.1:8080", "localhost", 8080, false)]
    [InlineData("localhost:8080", "", 8080, false)]
    [InlineData("*:8080", "", 8080, true)]
    [InlineData("127.*:8080", "127.0.0.9", 8080, true)]
    [InlineData("host?:8080", "host1", 8080, true)]
    [InlineData("host?:8080", "host12", 8080, false)]
    [InlineData("localhost:*", "localhost", 0, true)]
    [InlineData("localhost:8080", "localhost", 0, false)]
    [InlineData("*", "anything", 9, true)]
    [InlineData("none", "localhost", 8080, false)]
    public void PermitListen_takes_the_host_as_a_pattern_for_what_the_client_asked_for(string entry, string host, int port, bool permitted) =>
        Assert.Equal(permitted, PermitList.AllowsListen([entry], host, port));
}
