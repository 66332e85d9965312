using Adit.Ssh;
using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>The first message of either side.</summary>
/// <param name="Version">The version of the protocol: 4.</param>
/// <param name="HasInfo">The extension <c>info</c>: the master answers <see cref="Info"/>. What else is offered is skipped.</param>
internal readonly record struct Hello(uint Version, bool HasInfo) : IMuxMessage<Hello>
{
    /// <summary>The one version there is.</summary>
    public const uint CurrentVersion = 4;

    private const string InfoExtension = "info";
    private const int MaxExtensions = 64;

    public static MuxMessageNumber Number => MuxMessageNumber.Hello;

    public static Hello Read(ref MuxReader reader)
    {
        uint version = reader.ReadUInt32();
        bool hasInfo = false;
        for (int count = 0; !reader.AtEnd; count++)
        {
            if (count == MaxExtensions)
                throw new SshFormatException($"more than {MaxExtensions} extensions are offered");
            hasInfo |= reader.ReadString().SequenceEqual("info"u8);
            reader.ReadString();
        }

        return new(version, hasInfo);
    }

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(Version);
        if (!HasInfo)
            return;
        writer.WriteString(InfoExtension);
        writer.WriteString("0");
    }
}
