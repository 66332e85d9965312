using Adit.Tests.Shared;

namespace Adit.Npgsql.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void What_other_programs_can_use_changes_on_purpose_only() => PublicSurface.AssertUnchanged(typeof(global::Npgsql.AditNpgsqlExtensions).Assembly);
}
