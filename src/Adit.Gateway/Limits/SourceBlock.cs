using System.Net;

namespace Adit.Gateway.Limits;

/// <summary>The addresses that count as one source (PerSourceNetBlockSize).</summary>
internal static class SourceBlock
{
    /// <summary>The first address of the block that an address is in.</summary>
    public static IPAddress Of(IPAddress address, (int V4, int V6) bits)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        int kept = bytes.Length == 4 ? bits.V4 : bits.V6;
        for (int i = 0; i < bytes.Length; i++)
        {
            int here = Math.Clamp(kept - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff00 >> here);
        }

        return new(bytes);
    }
}
