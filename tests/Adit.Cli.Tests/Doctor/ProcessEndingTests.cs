using System.Diagnostics;
using Adit.Cli.Doctor;
using Adit.Platform;

namespace Adit.Cli.Tests.Doctor;

public sealed class ProcessEndingTests : IDisposable
{
    private readonly Process _process = Process.Start("sleep", "60");

    [Fact]
    public async Task The_process_that_was_seen_is_ended()
    {
        ProcessStatus seen = ProcessStatus.Look(_process.Id)!.Value;

        Assert.Equal("ended", await new ProcessEnding(seen).EndAsync(CancellationToken.None));

        await _process.WaitForExitAsync();
        Assert.Equal(128 + 15, _process.ExitCode);
        Assert.Equal("it had ended already", await new ProcessEnding(seen).EndAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Another_process_that_got_its_number_is_not_hit()
    {
        ProcessStatus seen = ProcessStatus.Look(_process.Id)!.Value;

        Assert.Equal("it had ended already", await new ProcessEnding(seen with { Start = seen.Start - 1 }).EndAsync(CancellationToken.None));

        Assert.False(_process.HasExited);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}
