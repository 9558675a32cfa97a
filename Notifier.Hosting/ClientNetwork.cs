using System.Net;
using System.Net.Sockets;

namespace Notifier.Hosting;

/// <summary>By what a client is counted who shows no key: its address; and of IPv6 the /64, since whoever has one address of it has all of them (RFC 6177 section 2).</summary>
internal static class ClientNetwork
{
    private const int PrefixBytes = 8;

    public static IPAddress Of(IPAddress? address)
    {
        if (address is null) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(PrefixBytes).Clear();
        return new IPAddress(bytes);
    }
}
