using Adit.Ssh.Auth;
using Adit.Ssh.Keys;

namespace Adit.Ssh.Tests.Connection;

/// <summary>Lets in whoever the test says.</summary>
internal sealed class TestAuthenticator : ServerAuthenticator
{
    public IReadOnlyList<IReadOnlyList<string>> Lists { get; init; } = [["publickey"], ["password"], ["keyboard-interactive"]];

    public List<SshPublicKey> Keys { get; } = [];

    public string? Password { get; init; }

    public Func<int, IReadOnlyList<byte[]>, KeyboardInteractiveStep> Conversation { get; init; } = static (_, _) => KeyboardInteractiveStep.Refused;

    public UserTerms OwnTerms { get; init; } = UserTerms.None;

    public override UserTerms Terms => User is null ? UserTerms.None : OwnTerms;

    public string? User { get; private set; }

    public List<(string KeyType, bool Proved)> Asked { get; } = [];

    public List<string> Failures { get; } = [];

    public IReadOnlyList<string> Completed { get; private set; } = [];

    public override ValueTask<IReadOnlyList<IReadOnlyList<string>>> BeginAsync(string user, CancellationToken cancellationToken)
    {
        User = user;
        return new(Lists);
    }

    public override ValueTask<bool> AcceptsKeyAsync(SshPublicKey key, bool proved, CancellationToken cancellationToken)
    {
        Asked.Add((key.KeyType, proved));
        return new(Keys.Contains(key));
    }

    public override ValueTask<bool> AcceptsPasswordAsync(ReadOnlyMemory<byte> password, CancellationToken cancellationToken) =>
        new(Password is not null && password.Span.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(Password)));

    public override ValueTask<KeyboardInteractiveStep> AskAsync(int round, IReadOnlyList<byte[]> answers, CancellationToken cancellationToken) =>
        new(Conversation(round, answers));

    public override void OnFailure(string method, SshPublicKey? key) => Failures.Add(method);

    public override void OnSuccess(IReadOnlyList<string> methods) => Completed = [.. methods];
}
