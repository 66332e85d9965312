using Adit.Relay;
using Adit.Socks;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;
using FsCheck;
using FsCheck.Fluent;

namespace Adit.Tests.Socks;

/// <summary>Clients that send anything, and end anywhere: they get a target or a refusal, and it does not depend on how the bytes came.</summary>
public sealed class SocksFuzzTests
{
    private static readonly byte[][] Good =
    [
        [5, 2, 1, 0, .. SocksListenerTests.Request5("db.internal", 5432)],
        [5, 1, 0, 5, 1, 0, 1, 192, 0, 2, 1, 0, 80],
        [5, 1, 0, 5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80],
        SocksListenerTests.Request4("db.internal", 5432, "joe"),
        [4, 1, 0, 80, 192, 0, 2, 1, 0],
    ];

    private static readonly Gen<byte> AnyByte = Gen.Choose(0, 255).Select(static value => (byte)value);

    [Fact]
    public async Task A_request_cut_off_anywhere_is_refused_and_the_whole_one_is_read_however_it_comes()
    {
        foreach (byte[] request in Good)
        {
            for (int length = 0; length <= request.Length; length++)
            {
                foreach (int chunk in (int[])[1, 2, 3, 5, int.MaxValue])
                    Assert.Equal(length == request.Length, (await OutcomeAsync(request[..length], chunk)).Target is not null);
            }
        }
    }

    [Fact]
    public void Any_bytes_have_an_outcome_that_does_not_depend_on_how_they_came()
    {
        Gen<byte[]> behindAVersion = Gen.Elements<byte[]>([4, 1], [5], [5, 1, 0], [5, 1, 0, 5, 1, 0], [5, 1, 0, 5, 1, 0, 3], [4, 1, 0, 80, 0, 0, 0, 1])
            .SelectMany(static head => AnyByte.ArrayOf().Select(rest => (byte[])[.. head, .. rest]));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(behindAVersion.ToArbitrary(), Agrees));
    }

    [Fact]
    public void A_request_with_a_changed_byte_has_an_outcome()
    {
        Gen<byte[]> mutants = Gen.Elements(Good).SelectMany(good => Gen.Choose(0, good.Length - 1).SelectMany(at => AnyByte.Select(value =>
        {
            byte[] mutant = [.. good, 1, 2, 3];
            mutant[at] = value;
            return mutant;
        })));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(mutants.ToArbitrary(), Agrees));
    }

    private static bool Agrees(byte[] sent)
    {
        // In memory; nothing waits once the client has ended.
        (Endpoint? Target, string Behind) whole = OutcomeAsync(sent, int.MaxValue).GetAwaiter().GetResult();
        (Endpoint? Target, string Behind) split = OutcomeAsync(sent, 1).GetAwaiter().GetResult();
        // What another protocol is called depends on how much of it is there.
        return sent is [4 or 5, ..] ? whole == split : whole.Target is null && split.Target is null;
    }

    private static async Task<(Endpoint? Target, string Behind)> OutcomeAsync(byte[] sent, int chunk)
    {
        (MemoryDuplex near, MemoryDuplex client) = MemoryDuplex.Pair();
        await client.SendAsync(sent, complete: true);
        FaultyDuplex stream = new(near) { MaxChunk = chunk };
        SocksNegotiation negotiation = new(stream);
        try
        {
            Endpoint target = await negotiation.ReadTargetAsync(CancellationToken.None).AsTask().TestTime();
            string first = Convert.ToHexString(negotiation.Unread.Span);
            return (target, first + Convert.ToHexString(await stream.ReadToEndAsync()));
        }
        catch (IOException e)
        {
            return (null, e.Message);
        }
    }
}
