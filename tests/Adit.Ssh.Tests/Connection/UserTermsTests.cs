using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Connection;

/// <summary>What holds for one user of a server, and from when on.</summary>
public class UserTermsTests
{
    [Fact]
    public async Task Keys_whose_time_is_up_while_the_user_authenticates_are_exchanged_anew_after_it()
    {
        var time = new ManualTimeProvider();
        await using BothEnds ends = await BothEnds.ConnectAsync(
            server: options => options with { Time = time, RekeyLimit = new(1L << 30, TimeSpan.FromSeconds(60)) },
            client: options => options with
            {
                Authentication =
                [
                    new PasswordMethod((_, _) =>
                    {
                        time.Advance(TimeSpan.FromSeconds(61));
                        return new("secret"u8.ToArray());
                    }),
                ],
            },
            authenticator: new() { Password = "secret" });
        for (int requests = 0; ends.Server.KeyExchanges < 2 && requests < 1000; requests++)
            await ends.Client.RequestAsync("ping", []).AsTask().TestTime();
        Assert.Equal(2, ends.Server.KeyExchanges);
    }

    [Fact]
    public async Task Keys_are_exchanged_anew_after_the_time_that_holds_for_the_user()
    {
        var time = new ManualTimeProvider();
        await using BothEnds ends = await BothEnds.ConnectAsync(
            server: options => options with { Time = time },
            authenticator: new() { OwnTerms = new() { RekeyLimit = new(1L << 30, TimeSpan.FromSeconds(60)) } });
        time.Advance(TimeSpan.FromSeconds(61));
        for (int requests = 0; ends.Server.KeyExchanges < 2 && requests < 1000; requests++)
            await ends.Client.RequestAsync("ping", []).AsTask().TestTime();
        Assert.Equal(2, ends.Server.KeyExchanges);
    }

    [Theory]
    [InlineData("ssh-ed25519", "rsa-sha2-512", true)]
    [InlineData("rsa-sha2-512", "ssh-ed25519", false)]
    public async Task The_algorithms_of_keys_that_hold_for_the_user_count(string ofUser, string ofServer, bool isLetIn)
    {
        var authenticator = new TestAuthenticator { OwnTerms = new() { KeyAlgorithms = [ofUser] } };
        Task<BothEnds> connecting = BothEnds.ConnectAsync(
            server: options => options with { UserKeyAlgorithms = [ofServer, "ssh-ed25519"] }, authenticator: authenticator);
        if (!isLetIn)
        {
            await Assert.ThrowsAnyAsync<SshException>(() => connecting);
            Assert.Empty(authenticator.Asked);
            return;
        }

        await using BothEnds ends = await connecting;
        Assert.Equal("joe", authenticator.User);
    }
}
