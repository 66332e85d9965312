namespace Adit.Cli.Tests;

/// <summary>What counts as an answer. The program of SSH_ASKPASS is echo, which answers each question with itself.</summary>
public sealed class PromptTests : IDisposable
{
    private static readonly string[] Variables = ["SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"];

    private readonly string?[] _before = [.. Variables.Select(Environment.GetEnvironmentVariable)];

    public PromptTests()
    {
        Environment.SetEnvironmentVariable("SSH_ASKPASS", "/bin/echo");
        Environment.SetEnvironmentVariable("SSH_ASKPASS_REQUIRE", "force");
    }

    public void Dispose()
    {
        foreach ((string variable, string? value) in Variables.Zip(_before))
            Environment.SetEnvironmentVariable(variable, value);
    }

    [Theory]
    [InlineData("yes", "", true)]
    [InlineData("YES", "", true)]
    [InlineData("SHA256:abc", "SHA256:abc", true)]
    [InlineData("no", "SHA256:abc", false)]
    [InlineData("", "SHA256:abc", false)]
    [InlineData("", "", false)]
    public async Task Yes_and_the_text_that_means_it_are_consent_and_an_empty_line_never_is(string answer, string alsoYes, bool consents) =>
        Assert.Equal(consents, await Prompt.YesNoAsync(answer, alsoYes, default));
}
