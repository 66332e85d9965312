using Adit.Certificates;

namespace Adit.Tests.Certificates;

public class CertificateNameTests
{
    [Theory]
    [InlineData("db.example.com", nameof(CertificateNameKind.Dns), "db.example.com")]
    [InlineData("DB.Example.com", nameof(CertificateNameKind.Dns), "db.example.com")]
    [InlineData("localhost", nameof(CertificateNameKind.Dns), "localhost")]
    [InlineData("my_db", nameof(CertificateNameKind.Dns), "my_db")]
    [InlineData("*.example.com", nameof(CertificateNameKind.Dns), "*.example.com")]
    [InlineData("bücher.example", nameof(CertificateNameKind.Dns), "xn--bcher-kva.example")]
    [InlineData("BÜCHER.example", nameof(CertificateNameKind.Dns), "xn--bcher-kva.example")]
    [InlineData("xn--bcher-kva.example", nameof(CertificateNameKind.Dns), "xn--bcher-kva.example")]
    [InlineData("10.0.0.5", nameof(CertificateNameKind.Address), "10.0.0.5")]
    [InlineData("2001:DB8:0::1", nameof(CertificateNameKind.Address), "2001:db8::1")]
    [InlineData("joe@Example.com", nameof(CertificateNameKind.Email), "joe@example.com")]
    public void A_name_is_known_by_its_form(string text, string kind, string expected)
    {
        CertificateName name = CertificateName.Parse(text);

        Assert.Equal((kind, expected), (name.Kind.ToString(), name.Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("-db.example.com")]
    [InlineData("db..example.com")]
    [InlineData("db.example.com.")]
    [InlineData("*")]
    [InlineData("*.com")]
    [InlineData("d*.example.com")]
    [InlineData("a.*.example.com")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.5")]
    [InlineData("010.0.0.5")]
    [InlineData("1")]
    [InlineData("db:5432")]
    [InlineData("[::1]")]
    [InlineData("fe80::1%eth0")]
    [InlineData("@example.com")]
    [InlineData("joe@")]
    [InlineData("joe smith@example.com")]
    [InlineData("joe@*.example.com")]
    [InlineData("db\n.example.com")]
    [InlineData("db\u202e.example.com")]
    [InlineData("db\u200b.example.com")]
    [InlineData("bu\u0308cher.example")]
    public void What_is_no_name_is_refused(string text) => Assert.Throws<CertificateException>(() => CertificateName.Parse(text));

    [Fact]
    public void Lengths_end_where_those_of_the_protocols_do()
    {
        string label = new('a', 63);
        Assert.Equal(253, CertificateName.Parse($"{label}.{label}.{label}.{label[2..]}").Text.Length);
        Assert.Throws<CertificateException>(() => CertificateName.Parse($"{label}.{label}.{label}.{label[1..]}"));
        Assert.Throws<CertificateException>(() => CertificateName.Parse(label + "a"));
        Assert.Throws<CertificateException>(() => CertificateName.Parse(new string('a', 65) + "@example.com"));
        Assert.Throws<CertificateException>(() => CertificateName.Parse(new string('a', 2000)));
    }

    [Theory]
    [InlineData("report writer", nameof(CertificateNameKind.Plain))]
    [InlineData("Müller, Jörg", nameof(CertificateNameKind.Plain))]
    [InlineData("joe", nameof(CertificateNameKind.Dns))]
    [InlineData("10.0.0.5", nameof(CertificateNameKind.Address))]
    public void A_client_may_be_called_by_another_word(string text, string kind) => Assert.Equal(kind, CertificateName.ParseClient(text).Kind.ToString());

    [Theory]
    [InlineData("")]
    [InlineData(" joe")]
    [InlineData("joe\u0007")]
    [InlineData("joe@")]
    [InlineData("db:5432")]
    public void What_looks_like_a_name_gone_wrong_is_no_other_word(string text) =>
        Assert.Throws<CertificateException>(() => CertificateName.ParseClient(text));

    [Fact]
    public void A_word_for_a_client_has_64_characters_at_most()
    {
        Assert.Equal(64, CertificateName.ParseClient("a " + new string('a', 62)).Text.Length);
        Assert.Throws<CertificateException>(() => CertificateName.ParseClient("a " + new string('a', 63)));
    }
}
