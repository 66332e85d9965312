namespace Adit;

/// <summary>
/// What a caller has with him: his trace, his culture, his request. Work that goes on when he is long gone is begun without it, so that it
/// neither keeps that alive nor is counted as part of it.
/// </summary>
internal static class CallerContext
{
    /// <summary>Begins something without it.</summary>
    public static T Leave<T>(Func<T> begin)
    {
        if (ExecutionContext.IsFlowSuppressed())
            return begin();
        using (ExecutionContext.SuppressFlow())
            return begin();
    }
}
