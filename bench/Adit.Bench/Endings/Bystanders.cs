namespace Adit.Bench.Endings;

/// <summary>Tunnels in the same folders that nobody kills: what is alive may not be taken for what is dead.</summary>
internal sealed class Bystanders : IAsyncDisposable
{
    private readonly EndingRound _round;
    private readonly string[] _sockets;

    private Bystanders(EndingRound round, string[] sockets) => (_round, _sockets) = (round, sockets);

    public static async Task<Bystanders> StartAsync(EndingStage stage)
    {
        var round = new EndingRound(stage, stage.Gateway, 0);
        string control = Path.Combine(stage.Sockets, "bystander");
        round.Start(round.Adit("-N", "-M", "-S", control, "-L", round.LocalForward));
        OwnerKind program = OwnerKinds.All[^1];
        program.Start(round);
        await OwnerKinds.UntilAsync(() => MachineView.IsListening(round.LocalPort) && MachineView.Answers(control) && program.IsOpen(round), "a bystander");
        await OwnerKinds.UntilAsync(() => MachineView.AnsweringBelow(stage.Watched).Count() >= 3, "the sockets of the bystanders");
        return new(round, [.. MachineView.AnsweringBelow(stage.Watched)]);
    }

    /// <exception cref="BenchException">One of them was harmed.</exception>
    public void Check()
    {
        if (!MachineView.IsListening(_round.LocalPort) || _sockets.Any(static path => !MachineView.Answers(path)))
            throw new BenchException("a tunnel that nobody killed has lost its socket");
    }

    public ValueTask DisposeAsync() => _round.DisposeAsync();
}
