using System.Globalization;
using System.Net;
using Adit.Platform;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>Who runs this, and where: what <c>~</c>, <c>${VARIABLE}</c> and the tokens of ssh_config(5) stand for.</summary>
internal sealed record LocalUser
{
    /// <summary>The login name.</summary>
    internal required string Name { get; init; }

    /// <summary>The numeric id, as text.</summary>
    internal required string Id { get; init; }

    /// <summary>The home directory. Of this process: $HOME if set, else what the account says (ssh heeds the account alone).</summary>
    internal required string Home { get; init; }

    /// <summary>The name of this machine. Found out when it is asked for: few do.</summary>
    internal string HostName
    {
        get => field ?? Dns.GetHostName();
        init;
    }

    /// <summary>The variables of the environment.</summary>
    internal Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>What answers the questions of a configuration about this machine.</summary>
    internal LocalMachine Machine { get; init; } = LocalMachine.Current;

    /// <summary>The user of this process.</summary>
    internal static LocalUser Current() => new()
    {
        Name = Environment.UserName,
        Id = OperatingSystem.IsWindows() ? "0" : LinuxCalls.GetEffectiveUserId().ToString(CultureInfo.InvariantCulture),
        Home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify),
    };
}
