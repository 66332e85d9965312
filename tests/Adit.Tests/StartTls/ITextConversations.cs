namespace Adit.Tests.StartTls;

/// <summary>What is said in a protocol before TLS, as <see cref="TextPeer.PlayAsync"/> plays it.</summary>
public interface ITextConversations
{
    /// <summary>What of the server's greeting is handed on, and a conversation with a server that agrees to TLS.</summary>
    static abstract TheoryData<string, string> Agreements { get; }

    /// <summary>Why a server is refused, and the conversation with it.</summary>
    static abstract TheoryData<string, string> ServerRefusals { get; }
}
