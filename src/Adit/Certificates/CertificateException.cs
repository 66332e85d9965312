namespace Adit.Certificates;

/// <summary>A certificate that cannot be made or used; the message names what is wrong, where, and what to do.</summary>
internal sealed class CertificateException : Exception
{
    public CertificateException(string message)
        : base(message)
    {
    }

    public CertificateException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
