using System.Runtime.InteropServices;

namespace Adit.Platform;

/// <summary>The users and groups of this machine, as the C library finds them (getpwnam(3), getgrouplist(3)).</summary>
internal static partial class UserDatabase
{
    // What every C library of a 64-bit Linux puts first: name, password, then the numbers.
    private const int FirstNumberOffset = 16;
    private const int SecondNumberOffset = 20;
    private const int EntryBytes = 64;
    private const int TextBytes = 256 * 1024; // the names of a large group
    private const int MaxGroups = 65_536;

    private static bool IsSupported => OperatingSystem.IsLinux() && nint.Size == 8;

    /// <summary>The number of a user; null where there is no such name.</summary>
    internal static uint? UserId(string name) => Find((entry, text) => FindUserByName(name, entry, text, TextBytes, out nint found) == 0 && found != 0
        ? (uint?)Marshal.ReadInt32(entry, FirstNumberOffset)
        : null);

    /// <summary>The number of a group; null where there is no such name.</summary>
    internal static uint? GroupId(string name) => Find((entry, text) => FindGroupByName(name, entry, text, TextBytes, out nint found) == 0 && found != 0
        ? (uint?)Marshal.ReadInt32(entry, FirstNumberOffset)
        : null);

    /// <summary>Whether a user belongs to a group, be it the first one of the user or another.</summary>
    internal static bool IsMember(uint user, uint group) => Find<bool?>((entry, text) =>
    {
        if (FindUserById(user, entry, text, TextBytes, out nint found) != 0 || found == 0)
            return null;
        uint[] groups = new uint[64];
        int count = groups.Length;
        uint first = (uint)Marshal.ReadInt32(entry, SecondNumberOffset);
        while (ListGroups(Marshal.ReadIntPtr(entry), first, groups, ref count) < 0)
        {
            if (groups.Length >= MaxGroups)
                return null;
            count = groups.Length * 2;
            groups = new uint[count];
        }
        return groups.AsSpan(0, count).Contains(group);
    }) == true;

    private static T? Find<T>(Func<nint, nint, T?> search)
    {
        if (!IsSupported)
            return default;
        nint memory = Marshal.AllocHGlobal(EntryBytes + TextBytes);
        try
        {
            return search(memory, memory + EntryBytes);
        }
        finally
        {
            Marshal.FreeHGlobal(memory);
        }
    }

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FindUserByName(string name, nint entry, nint text, nuint length, out nint found);

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int FindUserById(uint id, nint entry, nint text, nuint length, out nint found);

    [LibraryImport("libc", EntryPoint = "getgrnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FindGroupByName(string name, nint entry, nint text, nuint length, out nint found);

    [LibraryImport("libc", EntryPoint = "getgrouplist")]
    private static partial int ListGroups(nint name, uint first, [Out] uint[] groups, ref int count);
}
