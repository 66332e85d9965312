using Adit.Interop.Tests.Peers;

namespace Adit.Interop.Tests.Cli;

/// <summary>As <see cref="AditFactAttribute"/>, for tests with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AditTheoryAttribute : TheoryAttribute
{
    public AditTheoryAttribute()
    {
        if (!AditProcess.IsAdit)
            Skip = "is about adit";
    }
}
