namespace Adit.Sessions;

/// <summary>The three ends of a session on this side. The session disposes none of them.</summary>
/// <param name="Input">
/// What the command reads, sent as it comes; null for nothing. Its reads must heed their token, since a session ends while one is under way.
/// </param>
/// <param name="Output">Takes what the command writes.</param>
/// <param name="Error">Takes what the command writes as errors.</param>
internal sealed record SessionStreams(Stream? Input, Stream Output, Stream Error);
