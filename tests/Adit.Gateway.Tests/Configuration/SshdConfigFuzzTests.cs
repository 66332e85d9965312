using System.Text;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Gateway.Tests.Configuration;

/// <summary>Files that nobody meant to write: they are read, or they are a <see cref="ConfigException"/>.</summary>
public sealed class SshdConfigFuzzTests : IDisposable
{
    private const string Good = """
        Port 2200
        ListenAddress [::1]:22
        HostKey "/etc/ssh/key"
        Ciphers ^aes256-ctr,-x
        MaxStartups 10:30:100
        PerSourcePenalties authfail:5s max-sources4:9 overflow:deny-all
        RekeyLimit 1G 1h
        ChannelTimeout direct-*=5m session=1h
        AuthorizedKeysFile .ssh/k /etc/%u/%%
        AllowUsers a b@10.0.0.0/8
        AuthenticationMethods publickey,password publickey
        PermitOpen db:5432 [::1]:*
        AditPermitOpen db:5432 'deny *:*'
        StreamLocalBindMask 0177
        ForceCommand "a b" # c
        Match User b*,!bob Group x Address 10.0.0.8 LocalPort 22
          AditBandwidth 10M
          PermitListen 8080
        Match all
        Include other /nowhere/d/*[a-z]
        """;

    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_mutated_is_good_itself() => Assert.Equal(5, ReadSafely(Good)?.Limits.BytesPerSecond / (2 << 20));

    [Fact]
    public void A_file_with_a_changed_byte_is_read_or_refused()
    {
        byte[] good = Encoding.UTF8.GetBytes(Good);
        Gen<byte[]> mutants = Gen.Choose(0, good.Length - 1).SelectMany(at => Gen.Choose(0, 255).Select(value =>
        {
            byte[] mutant = [.. good];
            mutant[at] = (byte)value;
            return mutant;
        }));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(mutants.ToArbitrary(), bytes => { ReadSafely(bytes); }));
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_read_or_refused()
    {
        for (int length = 0; length <= Good.Length; length++)
            ReadSafely(Good[..length]);
    }

    [Fact]
    public void Any_words_of_the_format_are_read_or_refused()
    {
        string[] values =
        [
            " ", "*", "!", "any", "none", "yes", "no", "1", "-1", "0", "99999999999999999999", "1m", "1w1w", "1K", "a:1", "[::1]:2", "[", "]", ":", "::",
            "10:30:100", "/x", "~", "~x/y", "%h", "%", "\"", "'", "\\", "#", "=", "+a", "-*", "^ssh-*", "publickey,", "session=1", "=", "min:5", "0777",
            "User", "all", "bob", "Address", "LocalPort", "10.0.0.0/8", "2001:db8::/129", "!*", ",", "\u0001", "\u00e4", "\ud7ff", "host.example.com",
        ];
        // Include would read what this machine has in /etc/ssh.
        Gen<string> line = Gen.Elements(SshdKeywords.Names.Where(static name => name != "Include").ToArray())
            .SelectMany(keyword => Gen.Elements(values).ArrayOf(3).Select(words => $"{keyword} {string.Join(' ', words)}\n{keyword} {words[0]}\n{keyword}={words[1]}{words[2]}\n"));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(line.ToArbitrary(), text =>
        {
            foreach (string one in text.Split('\n'))
                ReadSafely(one);
        }));
    }

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        Gen<byte[]> bytes = Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(bytes.ToArbitrary(), file => { ReadSafely(file); }));
    }

    private GatewaySettings? ReadSafely(string text) => ReadSafely(Encoding.UTF8.GetBytes(text));

    private GatewaySettings? ReadSafely(byte[] file)
    {
        File.WriteAllBytes(_folder.MainFile, file);
        try
        {
            SshdConfig config = SshdConfig.Read(_folder.MainFile, []);
            GatewaySettings settings = config.Settings(ConfigFolder.Subject("bill", "10.0.0.8", groups: "x"));
            Assert.NotEmpty(EffectiveSettings.Lines(settings));
            return settings;
        }
        catch (ConfigException e)
        {
            // A changed byte can make an Include name a file that this machine has.
            Assert.Matches($"{_folder.MainFile}|/etc/ssh/", e.Message);
            return null;
        }
    }
}
