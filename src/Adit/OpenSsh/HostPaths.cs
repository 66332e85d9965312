using System.Collections.Immutable;

namespace Adit.OpenSsh;

/// <summary>The files and sockets that a configuration names, their tokens replaced.</summary>
internal sealed class HostPaths(HostSettings written, Tokens tokens)
{
    internal static readonly string[] DefaultIdentities = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];
    internal static readonly string[] DefaultUserKnownHosts = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
    internal static readonly string[] DefaultGlobalKnownHosts = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

    internal ImmutableArray<Sourced<string>> Identities() =>
        written.IdentityFiles.Values.Count > 0
            ? Paths(written.IdentityFiles)
            : [.. DefaultIdentities.Select(path => new Sourced<string>(tokens.ExpandPath(path, ConfigSource.Default), ConfigSource.Default))];

    internal ImmutableArray<Sourced<string>> Certificates() => Paths(written.CertificateFiles);

    internal string? Agent()
    {
        string? path = written.IdentityAgent.Given switch
        {
            null or { Value: "SSH_AUTH_SOCK" } => tokens.Local.Variable("SSH_AUTH_SOCK"),
            { Value: var value } when KeywordValue.IsNone(value) => null,
            { Value: ['$', not '{', ..] and var value } => tokens.Local.Variable(value[1..]),
            { } given => tokens.ExpandPath(given.Value, given.Source),
        };
        return string.IsNullOrEmpty(path) ? null : path;
    }

    internal ImmutableArray<string> UserKnownHosts() => Files(written.UserKnownHostsFiles.Given, DefaultUserKnownHosts, tokens.ExpandPath);

    internal ImmutableArray<string> GlobalKnownHosts() =>
        Files(written.GlobalKnownHostsFiles.Given, DefaultGlobalKnownHosts, (path, source) => Tokens.ExpandTilde(path, tokens.Local, source));

    internal ImmutableArray<string> RevokedHostKeys() => Files(written.RevokedHostKeys.Given, [], tokens.ExpandPath);

    internal string? ControlPath() =>
        written.ControlPath.Given is { Value: { } path, Source: var source } ? tokens.ExpandPath(path, source) : null;

    private static ImmutableArray<string> Files(Sourced<IReadOnlyList<string>>? given, string[] otherwise, Func<string, ConfigSource, string> expand) =>
        given switch
        {
            null => [.. otherwise.Select(path => expand(path, ConfigSource.Default))],
            { Value: [var only] } when KeywordValue.IsNone(only) => [],
            { } files => [.. files.Value.Select(path => expand(path, files.Source))],
        };

    private ImmutableArray<Sourced<string>> Paths(ValueList<string> files) =>
    [
        .. files.Values
            .Where(path => !KeywordValue.IsNone(path.Value))
            .Select(path => path with { Value = tokens.ExpandPath(path.Value, path.Source) }),
    ];
}
