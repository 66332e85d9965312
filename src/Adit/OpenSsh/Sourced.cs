namespace Adit.OpenSsh;

/// <summary>A value and where it was written.</summary>
internal sealed record Sourced<T>(T Value, ConfigSource Source);
