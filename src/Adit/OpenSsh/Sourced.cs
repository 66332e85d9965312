namespace Adit.OpenSsh;

/// <summary>A value and where it was written.</summary>
internal readonly record struct Sourced<T>(T Value, ConfigSource Source);
