using Adit.Gateway.Configuration;

namespace Adit.Gateway.Tests.Configuration;

public sealed class EffectiveSettingsTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("AditPermitOpen db:1 '/a \"b\" \\\\ # c' /x\\y\nAditPermitListen '/it''s'\nAditPermitFrom 10.0.0.0/8\nAditMaxConnections 3\nAditMaxSession 1h\nAditBandwidth 1M\n")]
    [InlineData("PerSourcePenalties crash:1m max-sources6:7 overflow6:deny-all\nPerSourcePenaltyExemptList 10.0.0.0/8\n")]
    [InlineData("PerSourcePenalties no\nLogLevel QUIET\nRekeyLimit 1M none\nStreamLocalBindMask 0\nPermitListen 80 a:1\nAuthorizedKeysFile none\n")]
    [InlineData("ChannelTimeout *=5m session=1h\nAuthenticationMethods publickey,password publickey\nAllowUsers a b\nDenyGroups c\nHostCertificate /c\n")]
    [InlineData("ListenAddress 127.0.0.1:23\nListenAddress [::1]:24\nPidFile /p\nBanner /b\nForceCommand a 'b c' # d\nGatewayPorts clientspecified\n")]
    [InlineData("AditTlsListen 5432 db:5432 postgres\nAditTlsListen [::1]:6432 '/run/a b'\nAditTlsCertificate /c\nAditTlsKey /k\nAditTlsClientCA /ca\nAditTlsClientCRL /crl\nAditTlsUser joe 'CN=Joe \"J\" Miller' URI=a://b/*\nAditTlsUser ann DNS=*.b\n")]
    public void What_is_written_reads_as_it_was(string text)
    {
        string[] lines = [.. EffectiveSettings.Lines(_folder.Settings(text))];
        Assert.Equal(lines, EffectiveSettings.Lines(_folder.Settings(string.Join('\n', lines))));
    }

    [Fact]
    public void Own_keywords_are_written_in_lower_case_behind_those_of_sshd()
    {
        string[] lines = [.. EffectiveSettings.Lines(_folder.Settings("AditPermitOpen db:5432 '!/a b'\nAditBandwidth 1K\nAditMaxSession 1h\nAditUsersFile /u\n"))];
        Assert.Equal(
            [
                "aditpermitopen db:5432", "aditpermitopen \"!/a b\"", "aditpermitfrom any", "aditpermitexec no", "aditmaxconnections none",
                "aditmaxchannels 1024", "aditmaxlisteners none", "aditbandwidth 1024", "aditmaxbytes none", "aditmaxsession 3600",
                "aditusersfile /u", "aditauditlog none",
                "adittlscertificate none", "adittlskey none", "adittlsclientca none", "adittlsclientcrl none",
            ],
            lines.SkipWhile(line => !line.StartsWith("adit", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("", 1024 + 10)]
    [InlineData("AditMaxChannels 5\nMaxSessions 3", 5 + 3)]
    [InlineData("AditMaxChannels 0\nMaxSessions 0", 0)]
    [InlineData("AditMaxChannels none", null)]
    [InlineData("AditMaxChannels 5\nMatch User joe\nPermitOpen none\nMatch User ann\nAditMaxChannels 9\nMatch User bob\nMaxSessions 20", 9 + 20)]
    [InlineData("Match User ann\nAditMaxChannels none", null)]
    [InlineData("Match User ann\nAditMaxChannels 2147483647", int.MaxValue)]
    public void The_most_channels_of_a_connection_are_those_of_whoever_may_have_most(string text, int? most) =>
        Assert.Equal(most, _folder.Read(text).MostChannels());

    [Fact]
    public void Penalties_are_written_with_all_their_values() => Assert.Contains(
        "persourcepenalties crash:90 authfail:5 noauth:1 invaliduser:5 grace-exceeded:10 refuseconnection:10 max:600 min:15 "
            + "max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive",
        EffectiveSettings.Lines(_folder.Settings("")));
}
