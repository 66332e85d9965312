using System.Text.Json.Serialization;

namespace Adit.Cli.Doctor;

/// <summary>What <c>adit doctor --json</c> prints.</summary>
/// <param name="Findings">What was found.</param>
/// <param name="Unseen">What was not looked at, and why.</param>
internal sealed record DoctorResult(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Unseen);

[JsonSerializable(typeof(DoctorResult))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = false)]
internal sealed partial class DoctorJson : JsonSerializerContext;
