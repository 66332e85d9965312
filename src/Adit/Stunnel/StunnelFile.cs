using System.Text;
using Adit.Platform;

namespace Adit.Stunnel;

/// <summary>Reads option files of stunnel, with Adit's own words in them.</summary>
/// <remarks>At most 1 MiB for a file, 16 KiB for a line, 16 levels of <c>include</c> and 1024 files.</remarks>
internal sealed class StunnelFile
{
    /// <summary>The option that names a folder of files to be read in its place.</summary>
    internal const string Include = "include";

    private const int MaxBytes = 1024 * 1024;
    private const int MaxDepth = 16;
    private const int MaxFiles = 1024;

    private readonly ConfigurationAssembly _assembly;
    private int _files;

    private StunnelFile(ConfigPlace place) => _assembly = new(place);

    /// <summary>Reads a file and those that it includes.</summary>
    /// <exception cref="StunnelException">Something cannot be read, understood or served.</exception>
    internal static StunnelConfiguration Read(string path)
    {
        StunnelFile file = new(new(path, 0));
        file.Lines(Text(path, new(path, 0)), path, depth: 0);
        return file._assembly.Finish();
    }

    /// <summary>Reads what a stream gives until its end, as with <c>-fd</c>.</summary>
    /// <param name="stream">The stream; it stays open.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="StunnelException">Something cannot be read, understood or served.</exception>
    internal static StunnelConfiguration Read(Stream stream, string name) => Parse(Text(stream, new(name, 0)), name);

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="StunnelException">Something cannot be understood or served, or an included file cannot be read.</exception>
    internal static StunnelConfiguration Parse(string text, string name)
    {
        StunnelFile file = new(new(name, 0));
        file.Lines(text, name, depth: 0);
        return file._assembly.Finish();
    }

    private void Lines(string text, string name, int depth)
    {
        if (++_files > MaxFiles)
            throw new StunnelException(new(name, 0), $"more than {MaxFiles} files are included");
        int number = 0;
        foreach (Range range in text.AsSpan().Split('\n'))
        {
            ConfigPlace place = new(name, ++number);
            ReadOnlySpan<char> written = text.AsSpan(range);
            if (number == 1)
                written = written.TrimStart('\uFEFF');
            OptionLine? line = OptionLine.Parse(written, place, out string? section);
            if (section is not null)
                _assembly.Begin(section, place);
            else if (line is not null && line.Name.Equals(Include, StringComparison.OrdinalIgnoreCase))
                Folder(line, depth);
            else if (line is not null)
                _assembly.Take(line);
        }
    }

    // As in stunnel all regular files count, whatever their names, and the folder is looked for from the current one.
    private void Folder(OptionLine line, int depth)
    {
        if (depth == MaxDepth)
            throw new StunnelException(line.Place, $"include goes deeper than {MaxDepth} folders");
        string[] files;
        try
        {
            files = [.. Directory.EnumerateFiles(OptionValue.Text(line)).Take(MaxFiles + 1).Order(StringComparer.Ordinal).Where(IsRegular)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StunnelException(line.Place, $"include: {e.Message}", e);
        }

        foreach (string file in files)
            Lines(Text(file, line.Place), file, depth + 1);
    }

    // A link counts as what it leads to. Opening a pipe would wait for somebody to write into it.
    private static bool IsRegular(string file) => UnixFile.Look(File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file) is { IsRegular: true };

    private static string Text(string path, ConfigPlace place)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return Text(stream, place with { File = path, Line = 0 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new StunnelException(place, $"{(place.Line == 0 ? "" : $"{path}: ")}cannot be read: {e.Message}", e);
        }
    }

    private static string Text(Stream stream, ConfigPlace place)
    {
        byte[] bytes = new byte[MaxBytes + 1];
        int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= MaxBytes ? Encoding.UTF8.GetString(bytes, 0, length) : throw new StunnelException(place, "the file is larger than 1 MiB");
    }
}
