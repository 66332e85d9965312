using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Adit.Cli.Commands;

/// <summary>
/// Has a command end with this process, however this one ends: the kernel sends it SIGTERM then (PR_SET_PDEATHSIG of prctl(2)). Only the
/// command's own process can ask for that, so adit is started in its place, asks, and becomes the command. Linux only.
/// </summary>
internal static partial class MortalProgram
{
    private const string Mark = "ADIT_COMMAND_OF";
    private const int SetDeathSignal = 1;
    private const int SignalTerminate = 15;
    private const int SignalPipe = 13;
    private const int NoSuchFile = 2;
    private const int OwnerGone = 128 + SignalTerminate;

    /// <summary>Whether this process is to become a command.</summary>
    public static bool IsThis => Environment.GetEnvironmentVariable(Mark) is not null;

    // A library's or a test's process would not know what it is started for.
    private static bool IsAvailable => OperatingSystem.IsLinux() && Assembly.GetEntryAssembly() == typeof(MortalProgram).Assembly && Environment.ProcessPath is { } path
        && Path.GetDirectoryName(path) == Path.GetDirectoryName(AppContext.BaseDirectory);

    /// <summary>Starts a program, and has it end with this process.</summary>
    /// <param name="start">What is to be started.</param>
    /// <param name="until">Completes when it has ended.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static Process Start(ProcessStartInfo start, Task until)
    {
        if (!IsAvailable)
            return Process.Start(start)!;
        start.ArgumentList.Insert(0, start.FileName);
        start.FileName = Environment.ProcessPath!;
        start.Environment[Mark] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        RuntimeDiagnostics.PassOn(start.Environment);

        // The kernel takes the end of the thread that started it for the end of the process.
        Process? process = null;
        ExceptionDispatchInfo? failure = null;
        var started = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            try
            {
                process = Process.Start(start);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }

            started.Set();
            if (failure is null)
                ((IAsyncResult)until).AsyncWaitHandle.WaitOne();
        })
        { IsBackground = true, Name = "parent of the command" };
        thread.Start();
        started.Wait();
        failure?.Throw();
        return process!;
    }

    /// <summary>Becomes the command. Returns only where that is not possible: what this process is to return.</summary>
    /// <param name="words">The program's path and its arguments.</param>
    [SupportedOSPlatform("linux")]
    public static int Become(IReadOnlyList<string> words)
    {
        bool isOwned = int.TryParse(Environment.GetEnvironmentVariable(Mark), NumberStyles.None, CultureInfo.InvariantCulture, out int owner);
        if (words.Count == 0 || !isOwned)
            return OwnerGone;
        _ = Control(SetDeathSignal, SignalTerminate, 0, 0, 0);
        // It may have died before the kernel was asked.
        if (GetParent() != owner)
            return OwnerGone;
        Unset(Mark);
        RuntimeDiagnostics.UnsetOwn(Unset);
        // The runtime ignores it, and what is ignored stays so.
        _ = SetSignal(SignalPipe, 0);
        nint[] arguments = [.. words.Select(Marshal.StringToCoTaskMemUTF8), 0];
        _ = Execute(words[0], arguments);
        int error = Marshal.GetLastPInvokeError();
        Console.Error.WriteLine($"adit: {words[0]} cannot be run: {Marshal.GetPInvokeErrorMessage(error)}");
        return error == NoSuchFile ? ProgramSearch.NotFound : ProgramSearch.NotExecutable;
    }

    // Of the C library's environment, which .NET copies once and does not touch.
    private static void Unset(string variable) => _ = UnsetEnvironment(variable);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int option, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetSignal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetEnvironment(string name);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, nint[] arguments);
}
