using Adit.Tests.Shared;

namespace Adit.Ssh.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void What_other_programs_can_use_changes_on_purpose_only() => PublicSurface.AssertUnchanged(typeof(SshException).Assembly);
}
