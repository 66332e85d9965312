using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Authentication;

/// <summary>SSH_MSG_USERAUTH_INFO_REQUEST, RFC 4256 section 3.2.</summary>
internal readonly record struct InfoRequest(string Name, string Instruction, string Language, InfoRequest.Prompt[] Prompts) : IMessage<InfoRequest>
{
    private const int MaxPrompts = 100;

    public static MessageNumber Number => MessageNumber.UserAuthMethod60;

    public static InfoRequest Read(ref SshReader reader)
    {
        string name = reader.ReadHumanText();
        string instruction = reader.ReadHumanText();
        string language = reader.ReadHumanText();
        uint count = reader.ReadUInt32();
        if (count > MaxPrompts)
            throw new SshFormatException($"{count} prompts are more than the limit of {MaxPrompts}");
        var prompts = new Prompt[count];
        for (int i = 0; i < prompts.Length; i++)
            prompts[i] = new(reader.ReadHumanText(), reader.ReadBoolean());
        return new(name, instruction, language, prompts);
    }

    public void Write(ref SshWriter writer)
    {
        writer.WriteString(Name);
        writer.WriteString(Instruction);
        writer.WriteString(Language);
        writer.WriteUInt32((uint)Prompts.Length);
        foreach (Prompt prompt in Prompts)
        {
            writer.WriteString(prompt.Text);
            writer.WriteBoolean(prompt.Echo);
        }
    }

    internal readonly record struct Prompt(string Text, bool Echo);
}
