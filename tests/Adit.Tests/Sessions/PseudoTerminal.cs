using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Platform;
using Microsoft.Win32.SafeHandles;

namespace Adit.Tests.Sessions;

/// <summary>A terminal of this test: what is written to its far end was typed.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed partial class PseudoTerminal : IDisposable
{
    // FIONREAD
    private const nuint CountUnread = 0x541b;

    public PseudoTerminal()
    {
        Assert.Equal(0, Open(out int far, out int near, 0, 0, 0));
        Far = new(far, ownsHandle: true);
        Near = new(near, ownsHandle: true);
        Path = new FileInfo($"/proc/self/fd/{near}").LinkTarget!;
    }

    /// <summary>The side of the program that shows the terminal.</summary>
    public SafeFileHandle Far { get; }

    /// <summary>The side of the programs that run on it.</summary>
    public SafeFileHandle Near { get; }

    public string Path { get; }

    /// <summary>Bytes that were typed and not read.</summary>
    public int Unread
    {
        get
        {
            Assert.Equal(0, Control(Near, CountUnread, out int count));
            return count;
        }
    }

    /// <summary>Types on it.</summary>
    public void Type(string text)
    {
        byte[] typed = System.Text.Encoding.UTF8.GetBytes(text);
        Assert.Equal(typed.Length, DescriptorCalls.Write(Far, typed, (nuint)typed.Length));
    }

    /// <summary>What stty(1) tells or does.</summary>
    public string Stty(params string[] words)
    {
        using Process stty = Process.Start(new ProcessStartInfo("stty", ["-F", Path, .. words]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string text = stty.StandardOutput.ReadToEnd();
        stty.WaitForExit();
        Assert.Equal(0, stty.ExitCode);
        return text;
    }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle terminal, nuint request, out int count);

    [LibraryImport("libc", EntryPoint = "openpty", SetLastError = true)]
    private static partial int Open(out int far, out int near, nint name, nint settings, nint size);
}
