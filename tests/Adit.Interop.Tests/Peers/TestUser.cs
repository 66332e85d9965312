using System.Security.Cryptography;

namespace Adit.Interop.Tests.Peers;

/// <summary>Who runs the tests, and so who logs in.</summary>
internal static class TestUser
{
    public static string Name => Environment.UserName;

    public static bool IsRoot => Environment.IsPrivilegedProcess;
}

/// <summary>
/// A user of this system with a password, which sshd cannot do without when it checks one. Made for one test, as root, and removed
/// with it; one that a killed run left behind is removed by the next.
/// </summary>
internal sealed class PasswordUser : IAsyncDisposable
{
    private const string Prefix = "adit-test-";

    private static int _created;

    private PasswordUser(string name, string password) => (Name, Password) = (name, password);

    public string Name { get; }

    public string Password { get; }

    public static async Task<PasswordUser> CreateAsync()
    {
        foreach (var line in await File.ReadAllLinesAsync("/etc/passwd"))
        {
            var name = line.Split(':')[0];
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(name[Prefix.Length..].Split('-')[0], out var pid) && ProcessTree.Find(pid) is null)
                await RemoveAsync(name);
        }
        var user = new PasswordUser($"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _created)}", RandomNumberGenerator.GetHexString(24, lowercase: true));
        var hash = await ChildProcess.RunAsync(new("openssl", "passwd", "-6", user.Password));
        await ChildProcess.RunAsync(new("useradd", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", "--password", hash.Trim(), user.Name));
        return user;
    }

    public async ValueTask DisposeAsync() => await RemoveAsync(Name);

    private static async Task RemoveAsync(string name) => await ChildProcess.RunAsync(new("userdel", "--force", name));
}

/// <summary>A test that needs ports which not everyone may have; containers often let everyone have them all.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PrivilegedPortFactAttribute : FactAttribute
{
    public PrivilegedPortFactAttribute()
    {
        if (LoopbackPort.FirstUnprivileged < 2)
            Skip = "this machine has no privileged ports";
    }
}

/// <summary>A test that needs root, as in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!TestUser.IsRoot)
            Skip = "needs root";
    }
}
