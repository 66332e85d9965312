namespace Adit.Platform;

/// <summary>Files that one opens at a time: whoever opens one in this way meanwhile waits (flock(2)). Programs that take no lock are not held up.</summary>
internal static class LockedFile
{
    private const int MaxTries = 200;
    private const int TryAgain = 11;
    private const int PauseMilliseconds = 10;

    /// <summary>Opens a file for oneself.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is opened; shared with nobody.</param>
    /// <exception cref="IOException">It cannot be opened, or another one has held it for 2 s.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static FileStream Open(string path, FileStreamOptions options)
    {
        options.Share = FileShare.None;
        for (int tries = 1; ; tries++)
        {
            try
            {
                return new(path, options);
            }
            catch (IOException e) when (e.HResult == TryAgain && tries < MaxTries)
            {
                Thread.Sleep(PauseMilliseconds);
            }
        }
    }
}
