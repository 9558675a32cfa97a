using System.Net;
using System.Net.Sockets;
using Microsoft.Security.AntiSSRF;

namespace Notifier.Worker.WebPush;

/// <summary>A host resolves to an address that is not public.</summary>
internal sealed class BlockedAddressException(string host) : IOException($"{host} resolves to an address that is not public.");

/// <summary>
/// Opens the connections of the push client. A name is resolved once, every address it has must be public, and the connection goes to that very
/// address: a name that changes its mind between look and leap gains nothing.
/// </summary>
internal sealed class GuardedConnect
{
    private static readonly IPNetwork[] NotPublic =
        [.. new AntiSSRFPolicy(PolicyConfigOptions.ExternalOnlyLatest).DeniedAddresses.Select(Parse)];

    /// <summary>What IANA has given out of IPv6. Leaves out ::/96, an IPv4 address in an obsolete spelling that no list names.</summary>
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private readonly bool _allowLoopback;

    public GuardedConnect(bool allowLoopback) => _allowLoopback = allowLoopback;

    /// <summary>Name resolution, and the leap itself: what a test of the guard puts itself in place of, since it must not connect anywhere.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    internal Func<IPAddress[], int, CancellationToken, Task<Stream>> Leap { get; init; } = ConnectAsync;

    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation) =>
        await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation);

    internal async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        var literal = IPAddress.TryParse(host, out var address);
        if (literal && _allowLoopback && address!.Equals(IPAddress.Loopback)) return await Leap([address], port, cancellation);
        var addresses = literal ? [address!] : await Resolve(host, cancellation);
        if (addresses.Length == 0) throw new SocketException((int)SocketError.HostNotFound);
        // All of them: an attacker who owns the name could mix one of ours among his own.
        return addresses.All(IsPublic) ? await Leap(addresses, port, cancellation) : throw new BlockedAddressException(host);
    }

    internal static bool IsPublic(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (plain.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(plain)) return false;
        return !IPAddress.IsLoopback(plain) && !NotPublic.Any(n => n.BaseAddress.AddressFamily == plain.AddressFamily && n.Contains(plain));
    }

    private static async Task<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IPNetwork Parse(string range)
    {
        if (range.Contains('/')) return IPNetwork.Parse(range);
        var address = IPAddress.Parse(range);
        return new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
    }
}
