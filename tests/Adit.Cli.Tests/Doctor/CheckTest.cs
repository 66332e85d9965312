using System.Globalization;
using Adit.Cli.Doctor;
using Adit.OpenSsh;

namespace Adit.Cli.Tests.Doctor;

/// <summary>Looks at a machine that the test made up.</summary>
public abstract class CheckTest : IDisposable
{
    internal MadeUpMachine Machine { get; } = new();

    internal Inspection Inspect() => new(
        ProcView.Look(Machine.Proc),
        new() { Name = "joe", Id = MadeUpMachine.User.ToString(CultureInfo.InvariantCulture), Home = Machine.Home, HostName = "here" },
        Machine.SystemFolder);

    internal async Task<IReadOnlyList<Finding>> FindAsync(ICheck check) => await check.FindAsync(Inspect(), CancellationToken.None);

    public void Dispose()
    {
        Machine.Dispose();
        GC.SuppressFinalize(this);
    }
}
