using Adit.Interop.Tests.Peers;

namespace Adit.Interop.Tests.Cli;

/// <summary>A test of what adit does otherwise than ssh, and so not run where that is the client.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AditFactAttribute : FactAttribute
{
    public AditFactAttribute()
    {
        if (!AditProcess.IsAdit)
            Skip = "is about adit";
    }
}
