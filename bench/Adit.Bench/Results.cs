using System.Globalization;
using System.Text.Json;

namespace Adit.Bench;

/// <summary>Prints results as tables, and writes them as JSON lines where that was asked for.</summary>
internal sealed class Results(string? jsonFile) : IDisposable
{
    private readonly StreamWriter? _json = jsonFile is null ? null : new StreamWriter(jsonFile, append: true);

    /// <summary>Writes one JSON object, with the time at which it was measured.</summary>
    public void Record(string benchmark, IReadOnlyDictionary<string, object?> values)
    {
        if (_json is null)
            return;
        var line = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["benchmark"] = benchmark,
            ["time"] = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture),
        };
        foreach ((string name, object? value) in values)
            line[name] = value;
        _json.WriteLine(JsonSerializer.Serialize(line));
        _json.Flush();
    }

    /// <summary>Prints a table: the first column to the left, the others to the right.</summary>
    public static void Print(string title, params IReadOnlyList<string[]> rows)
    {
        int columns = rows.Max(static row => row.Length);
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => rows.Max(row => column < row.Length ? row[column].Length : 0))];
        Console.WriteLine();
        Console.WriteLine(title);
        foreach (string[] row in rows)
            Console.WriteLine("  " + string.Join("  ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
    }

    public void Dispose() => _json?.Dispose();
}
