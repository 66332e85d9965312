using System.Runtime.InteropServices;

namespace Adit.Tests.Relay;

/// <summary>Runs code as another user on a thread of its own. The rights of a Linux process belong to each thread.</summary>
internal static partial class OtherUser
{
    /// <summary>The user "nobody" of most systems.</summary>
    public const uint Uid = 65534;

    /// <summary>Only root can become somebody else.</summary>
    public static bool IsPossible { get; } = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;

    public static T Run<T>(Func<T> action)
    {
        T? result = default;
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                // The system call itself, since the C library's function would change every thread.
                long number = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 117 : 147;
                if (SetResUid(number, (nint)Uid, (nint)Uid, (nint)Uid) != 0)
                    throw new InvalidOperationException($"setresuid: error {Marshal.GetLastPInvokeError()}");
                result = action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw failure;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SetResUid(long number, nint real, nint effective, nint saved);
}
