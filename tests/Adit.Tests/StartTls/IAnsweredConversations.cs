namespace Adit.Tests.StartTls;

/// <summary>The same where clients are answered too.</summary>
public interface IAnsweredConversations : ITextConversations
{
    /// <summary>A command, and what is answered before TLS.</summary>
    static abstract TheoryData<string, string> Harmless { get; }

    /// <summary>Why a client is refused, and the conversation with it behind the greeting.</summary>
    static abstract TheoryData<string, string> ClientRefusals { get; }

    /// <summary>Why a target is refused whose greeting is to be read away, and the greeting.</summary>
    static abstract TheoryData<string, string> TargetRefusals { get; }
}
