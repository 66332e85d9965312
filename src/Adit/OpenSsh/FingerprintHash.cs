namespace Adit.OpenSsh;

/// <summary>How fingerprints are shown, ssh_config(5) FingerprintHash.</summary>
internal enum FingerprintHash
{
    /// <summary>SHA-256 in base64.</summary>
    Sha256 = 0,

    /// <summary>MD5 in hexadecimal, as old documents have it.</summary>
    Md5,
}
