namespace Adit.Bench;

/// <summary>A benchmark cannot go on, for a reason that its caller can do something about.</summary>
public sealed class BenchException(string message) : Exception(message);
