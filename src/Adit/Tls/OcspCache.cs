using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Adit.Tls;

/// <summary>Answers of responders for as long as they hold, at most an hour, at most 1000 of them. Safe for concurrent calls.</summary>
/// <param name="clock">Tells the time.</param>
internal sealed class OcspCache(TimeProvider clock)
{
    private const int MostAnswers = 1000;

    // Some hold for a week, and a long-lived process should hear of what is revoked today.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (OcspAnswer Answer, DateTimeOffset Until)> _answers = new(StringComparer.Ordinal);

    /// <summary>The answer for a certificate; null for none that holds.</summary>
    public OcspAnswer? Find(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        string key = KeyOf(certificate, issuer);
        lock (_lock)
            return _answers.TryGetValue(key, out (OcspAnswer Answer, DateTimeOffset Until) there) && there.Until > clock.GetUtcNow() ? there.Answer : null;
    }

    /// <summary>Keeps an answer, if it says how long it holds.</summary>
    public void Keep(X509Certificate2 certificate, X509Certificate2 issuer, OcspAnswer answer)
    {
        if (answer.Until is not { } ends)
            return;
        DateTimeOffset now = clock.GetUtcNow();
        DateTimeOffset until = ends < now + Longest ? ends : now + Longest;
        string key = KeyOf(certificate, issuer);
        lock (_lock)
        {
            if (_answers.Count >= MostAnswers && !_answers.ContainsKey(key))
                MakeRoom(now);
            _answers[key] = (answer, until);
        }
    }

    private void MakeRoom(DateTimeOffset now)
    {
        foreach (string over in _answers.Where(one => one.Value.Until <= now).Select(static one => one.Key).ToArray())
            _answers.Remove(over);
        if (_answers.Count >= MostAnswers)
            _answers.Remove(_answers.MinBy(static one => one.Value.Until).Key);
    }

    private static string KeyOf(X509Certificate2 certificate, X509Certificate2 issuer) =>
        $"{issuer.GetCertHashString(HashAlgorithmName.SHA256)}:{certificate.GetCertHashString(HashAlgorithmName.SHA256)}";
}
