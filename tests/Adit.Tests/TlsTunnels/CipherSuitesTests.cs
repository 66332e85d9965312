using Adit.TlsTunnels;

namespace Adit.Tests.TlsTunnels;

/// <summary>What OpenSSL's words for cipher suites leave, of those that there are here.</summary>
public sealed class CipherSuitesTests
{
    private const string Gcm = "ECDHE-ECDSA-AES256-GCM ECDHE-RSA-AES256-GCM ECDHE-ECDSA-AES128-GCM ECDHE-RSA-AES128-GCM DHE-RSA-AES256-GCM DHE-RSA-AES128-GCM";
    private const string ChaCha = "ECDHE-ECDSA-CHACHA20 ECDHE-RSA-CHACHA20 DHE-RSA-CHACHA20";

    [Theory]
    [InlineData("DEFAULT", Gcm + " " + ChaCha)]
    [InlineData("DEFAULT@SECLEVEL=2", Gcm + " " + ChaCha)]
    [InlineData("HIGH:!RSA", Gcm + " " + ChaCha)] // RSA is the exchange of keys by it
    [InlineData("HIGH:!aRSA", "ECDHE-ECDSA-AES256-GCM ECDHE-ECDSA-AES128-GCM ECDHE-ECDSA-CHACHA20")]
    [InlineData("HIGH:!aNULL:!SHA1:!SHA256:!SHA384", Gcm + " " + ChaCha)] // which are MACs
    [InlineData("AES256:!SHA384", "ECDHE-ECDSA-AES256-GCM ECDHE-RSA-AES256-GCM DHE-RSA-AES256-GCM")]
    [InlineData("ECDH+AESGCM:DH+AESGCM", Gcm)]
    [InlineData("ECDHE+CHACHA20:@STRENGTH", "ECDHE-ECDSA-CHACHA20 ECDHE-RSA-CHACHA20")]
    [InlineData("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM")]
    [InlineData("RSA:3DES:NULL", "")]
    public void Words_of_OpenSSL_mean_here_what_they_mean_there(string words, string left) => Assert.Equal(
        left.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
        CipherSuites.Choose(words).Select(static suite => Short(suite.ToString())).Order(StringComparer.Ordinal));

    private static string Short(string suite)
    {
        string[] parts = suite["TLS_".Length..].Split('_'); // ECDHE_RSA_WITH_AES_256_GCM_SHA384
        return parts[3] is "AES" ? $"{parts[0]}-{parts[1]}-AES{parts[4]}-GCM" : $"{parts[0]}-{parts[1]}-{parts[3]}";
    }
}
