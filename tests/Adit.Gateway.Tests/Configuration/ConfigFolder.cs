using System.Collections.Immutable;
using System.Net;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;

namespace Adit.Gateway.Tests.Configuration;

/// <summary>A folder with configuration files that goes away with the test.</summary>
internal sealed class ConfigFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("adit-sshd-").FullName;

    internal string MainFile => System.IO.Path.Join(Path, "sshd_config");

    internal static ConnectionSubject Subject(string user, string address = "192.0.2.7", string local = "192.0.2.1", int port = 22, params string[] groups) =>
        new(user, [.. groups], IPAddress.Parse(address), IPAddress.Parse(local), port);

    internal static ConfigLine Option(string text) => ConfigLine.Parse(text, ConfigSource.CommandLine)!;

    internal string Write(string name, string text)
    {
        string path = System.IO.Path.Join(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Reads a main file; {folder} in it is this folder.</summary>
    internal SshdConfig Read(string text, params ConfigLine[] options) =>
        SshdConfig.Read(Write("sshd_config", text.Replace("{folder}", Path, StringComparison.Ordinal)), options);

    internal string Error(string text, params ConfigLine[] options) => Assert.Throws<ConfigException>(() => Read(text, options)).Message;

    internal GatewaySettings Settings(string text, ConnectionSubject? subject = null) => Read(text).Settings(subject);

    /// <summary>Makes a named pipe, to which nobody writes.</summary>
    public string MakePipe(string name)
    {
        string path = System.IO.Path.Join(Path, name);
        using System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", path);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
