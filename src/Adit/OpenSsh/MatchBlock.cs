namespace Adit.OpenSsh;

/// <summary>The criteria of a Match line. One that this version does not know is an error: to guess it would apply the wrong lines.</summary>
internal sealed class MatchBlock(ConfigLine line, string originalHost, HostSettings settings)
{
    public bool Applies()
    {
        if (line.Arguments.Count == 0)
            throw line.Error("a criterion is missing");
        bool applies = true;
        for (int i = 0; i < line.Arguments.Count; i++)
        {
            string criterion = line.Arguments[i].ToLowerInvariant();
            bool negated = criterion.StartsWith('!');
            string name = criterion.TrimStart('!');
            bool matched = name switch
            {
                "all" => true,
                "host" => Matches(settings.HostName?.Replace("%h", originalHost, StringComparison.Ordinal) ?? originalHost, Next(ref i)),
                "originalhost" => Matches(originalHost, Next(ref i)),
                "user" => Matches(settings.User ?? Environment.UserName, Next(ref i)),
                "localuser" => Matches(Environment.UserName, Next(ref i)),
                _ => throw line.Error($"the criterion \"{name}\" is not served by this version; known: all, host, originalhost, user, localuser"),
            };
            applies &= matched != negated;
        }

        return applies;
    }

    private static bool Matches(string text, string patterns) => HostPattern.MatchesList(patterns.Split(','), text);

    private string Next(ref int i) => ++i < line.Arguments.Count ? line.Arguments[i] : throw line.Error("the criterion's value is missing");
}
