using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Authentication;

/// <summary>SSH_MSG_USERAUTH_INFO_RESPONSE, RFC 4256 section 3.4. The answers are UTF-8 and secret.</summary>
internal readonly record struct InfoResponse(byte[][] Answers) : IMessage<InfoResponse>
{
    private const int MaxAnswers = 100;

    public static MessageNumber Number => MessageNumber.UserAuthInfoResponse;

    public static InfoResponse Read(ref SshReader reader)
    {
        uint count = reader.ReadUInt32();
        if (count > MaxAnswers)
            throw new SshFormatException($"{count} answers are more than the limit of {MaxAnswers}");
        var answers = new byte[count][];
        for (int i = 0; i < answers.Length; i++)
            answers[i] = reader.ReadString().ToArray();
        return new(answers);
    }

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32((uint)Answers.Length);
        foreach (byte[] answer in Answers)
            writer.WriteString(answer);
    }
}
