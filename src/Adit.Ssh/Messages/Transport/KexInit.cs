using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_KEXINIT, RFC 4253 section 7.1.</summary>
internal readonly record struct KexInit : IMessage<KexInit>
{
    public const int CookieLength = 16;

    public static MessageNumber Number => MessageNumber.KexInit;

    public required byte[] Cookie { get; init; }

    public required string[] KexAlgorithms { get; init; }

    public required string[] ServerHostKeyAlgorithms { get; init; }

    public required string[] CiphersToServer { get; init; }

    public required string[] CiphersToClient { get; init; }

    public required string[] MacsToServer { get; init; }

    public required string[] MacsToClient { get; init; }

    public required string[] CompressionToServer { get; init; }

    public required string[] CompressionToClient { get; init; }

    public required string[] LanguagesToServer { get; init; }

    public required string[] LanguagesToClient { get; init; }

    public required bool FirstKexPacketFollows { get; init; }

    public static KexInit Read(ref SshReader reader)
    {
        var message = new KexInit
        {
            Cookie = reader.ReadBytes(CookieLength).ToArray(),
            KexAlgorithms = reader.ReadNameList(),
            ServerHostKeyAlgorithms = reader.ReadNameList(),
            CiphersToServer = reader.ReadNameList(),
            CiphersToClient = reader.ReadNameList(),
            MacsToServer = reader.ReadNameList(),
            MacsToClient = reader.ReadNameList(),
            CompressionToServer = reader.ReadNameList(),
            CompressionToClient = reader.ReadNameList(),
            LanguagesToServer = reader.ReadNameList(),
            LanguagesToClient = reader.ReadNameList(),
            FirstKexPacketFollows = reader.ReadBoolean(),
        };
        reader.ReadUInt32(); // reserved for future extension
        return message;
    }

    public void Write(ref SshWriter writer)
    {
        writer.WriteBytes(Cookie);
        writer.WriteNameList(KexAlgorithms);
        writer.WriteNameList(ServerHostKeyAlgorithms);
        writer.WriteNameList(CiphersToServer);
        writer.WriteNameList(CiphersToClient);
        writer.WriteNameList(MacsToServer);
        writer.WriteNameList(MacsToClient);
        writer.WriteNameList(CompressionToServer);
        writer.WriteNameList(CompressionToClient);
        writer.WriteNameList(LanguagesToServer);
        writer.WriteNameList(LanguagesToClient);
        writer.WriteBoolean(FirstKexPacketFollows);
        writer.WriteUInt32(0);
    }
}
