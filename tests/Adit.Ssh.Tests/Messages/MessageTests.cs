using System.Reflection;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Messages.Transport;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Ssh.Tests.Messages;

/// <summary>Every message that exists: what is written is read again, and what is cut off or has something behind it is refused.</summary>
public class MessageTests
{
    // Names and texts as peers send them: a name-list can hold them, and UTF-8 carries them.
    private static readonly Gen<string> Names =
        ArbMap.Default.GeneratorFor<char>().Where(c => c is > ' ' and < '\x7f' and not ',').NonEmptyListOf().Select(list => string.Concat(list));

    private static readonly IArbMap Map = ArbMap.Default
        .MergeArb(Arb.From(Names))
        .MergeArb(Arb.From(
            from names in Names.ListOf()
            from value in ArbMap.Default.GeneratorFor<NonNull<byte[]>>()
            select new ExtensionInfo([.. names.Select(name => new KeyValuePair<string, byte[]>(name, value.Get))])))
        .MergeArb(Arb.From(Gen.Constant(default(NewKeys))))
        .MergeArb(Arb.From(Gen.Constant(default(UserAuthSuccess))))
        .MergeArb(Arb.From(Gen.Constant(default(RequestFailure))));

    // Their last field is whatever is left, so that cutting it off, or adding to it, makes another valid message.
    private static readonly string[] OpenEnded = ["UserAuthRequest", "GlobalRequest", "RequestSuccess", "ChannelOpen", "ChannelOpenConfirmation", "ChannelRequest"];

    public static TheoryData<Type> Messages
    {
        get
        {
            var messages = new TheoryData<Type>();
            foreach (Type type in typeof(IMessage<>).Assembly.GetTypes().Where(IsMessage))
                messages.Add(type);
            return messages;
        }
    }

    [Fact]
    public void All_messages_are_under_test() => Assert.True(Messages.Count >= 33, $"{Messages.Count} messages were found");

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_written_is_read_again(Type message) => Run(nameof(RoundTrip), message);

    [Theory]
    [MemberData(nameof(Messages))]
    public void Cut_off_at_any_byte_it_is_refused(Type message) => Run(nameof(Truncate), message);

    private static bool IsMessage(Type type) =>
        type.IsValueType && type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IMessage<>));

    private static void Run(string test, Type message) => typeof(MessageTests)
        .GetMethod(test, BindingFlags.NonPublic | BindingFlags.Static)!
        .MakeGenericMethod(message)
        .Invoke(null, BindingFlags.DoNotWrapExceptions, null, null, null);

    private static void RoundTrip<T>()
        where T : struct, IMessage<T> =>
        Prop.ForAll(Map.ArbFor<T>(), generated =>
        {
            if (HasNulls(generated))
                return;
            T message = WithCookie(generated);
            byte[] payload = Message.Encode(message);
            Assert.Equal((byte)T.Number, payload[0]);
            Assert.Equal(payload, Message.Encode(Message.Decode<T>(payload)));
            Assert.Throws<SshFormatException>(() => Message.Decode<T>([(byte)(payload[0] ^ 1), .. payload[1..]]));
        }).QuickCheckThrowOnFailure();

    private static void Truncate<T>()
        where T : struct, IMessage<T> =>
        Prop.ForAll(Map.ArbFor<T>(), generated =>
        {
            if (HasNulls(generated))
                return;
            T message = WithCookie(generated);
            byte[] payload = Message.Encode(message);
            bool openEnded = OpenEnded.Contains(typeof(T).Name);
            for (int length = 0; length < payload.Length; length++)
            {
                byte[] cut = payload[..length];
                if (openEnded && Record.Exception(() => Message.Decode<T>(cut)) is null)
                    Assert.Equal(cut, Message.Encode(Message.Decode<T>(cut)));
                else
                    Assert.Throws<SshFormatException>(() => Message.Decode<T>(cut));
            }

            if (!openEnded)
                Assert.Throws<SshFormatException>(() => Message.Decode<T>([.. payload, 0]));
        }).QuickCheckThrowOnFailure();

    private static T WithCookie<T>(T message)
        where T : struct => message is KexInit init ? (T)(object)(init with { Cookie = new byte[KexInit.CookieLength] }) : message;

    private static bool HasNulls<T>(T message) => typeof(T)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Any(property => property.GetValue(message) is null || (property.GetValue(message) is Array array && array.Cast<object?>().Any(item => item is null))
            || (property.GetValue(message) is IReadOnlyList<KeyValuePair<string, byte[]>> pairs && pairs.Any(pair => pair.Key is null || pair.Value is null)));
}
