using System.Text;
using Adit.Interop.Tests.Engine;
using Adit.Interop.Tests.Peers;
using Adit.Sessions;
using Adit.Ssh.Connection;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Sessions;

/// <summary>Sessions, without command line, against sshd.</summary>
public abstract class SessionTest(ITestOutputHelper output) : EngineTest(output)
{
    // At DEBUG1, sshd writes some of its log to the errors of the command.
    private protected Task<SshdPeer> StartQuietSshdAsync(params string[] config) => StartSshdAsync(new() { Config = ["LogLevel VERBOSE", .. config] });

    internal static SessionOptions Command(string text) => new() { Kind = SessionKind.Command, Text = text };

    internal static async Task<Ended> RunAsync(SshConnection connection, SessionOptions options, byte[]? input = null)
    {
        using var stdin = input is null ? null : new MemoryStream(input);
        using var stdout = new MemoryStream();
        using var stderr = new MemoryStream();
        await using var session = await ClientSession.OpenAsync(connection, options).WithinAsync("the session should open or be refused");
        var result = await session.RunAsync(new(stdin, stdout, stderr)).WithinAsync("the session should end");
        return new(result, stdout.ToArray(), Encoding.UTF8.GetString(stderr.ToArray()));
    }

    internal sealed record Ended(SessionResult Result, byte[] Output, string Error)
    {
        public string Text => Encoding.UTF8.GetString(Output);
    }
}
