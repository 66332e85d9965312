using System.Text.Json;

namespace Adit.Ssh.Tests.Crypto;

/// <summary>One test vector of Project Wycheproof, with the group that it belongs to.</summary>
internal readonly record struct WycheproofVector(JsonElement Group, JsonElement Test)
{
    public int Id => Test.GetProperty("tcId").GetInt32();

    public string Result => Test.GetProperty("result").GetString()!;

    public bool IsValid => string.Equals(Result, "valid", StringComparison.Ordinal);

    public byte[] Bytes(string name) => Convert.FromHexString(Test.GetProperty(name).GetString()!);

    public override string ToString() =>
        $"tcId {Id} ({Result}; {Comment}; {Test.GetProperty("flags").GetRawText()})";

    private string? Comment => Test.TryGetProperty("comment", out JsonElement comment) ? comment.GetString() : null;
}

/// <summary>Runs all vectors of one file and reports every one that goes wrong by its number.</summary>
internal static class Wycheproof
{
    /// <summary>
    /// Runs the check on each vector: null when all is well, else what went wrong. The number of vectors that are run must be
    /// as expected, so that a filter which drops everything cannot pass.
    /// </summary>
    public static void Run(string file, int expected, Func<WycheproofVector, bool> applies, Func<WycheproofVector, string?> check)
    {
        WycheproofVector[] vectors = [.. Read(file).Where(applies)];
        string[] failures =
        [
            .. vectors
                .Select(vector => check(vector) is { } failure ? $"{file} {vector}: {failure}" : null)
                .OfType<string>(),
        ];
        Assert.True(failures.Length == 0, string.Join('\n', failures));
        Assert.Equal(expected, vectors.Length);
    }

    public static IEnumerable<WycheproofVector> Read(string file)
    {
        using Stream stream = typeof(Wycheproof).Assembly.GetManifestResourceStream("wycheproof/" + file)
            ?? throw new FileNotFoundException(file);
        // Not disposed: the vectors point into it.
        JsonDocument document = JsonDocument.Parse(stream);
        foreach (JsonElement group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
                yield return new WycheproofVector(group, test);
        }
    }
}
