using System.Net;
using Microsoft.Extensions.Options;
using Notifier.Worker.WebPush;

namespace Notifier.Tests.WebPush;

public sealed class GuardTests
{
    private readonly EndpointGuard _guard = new(Options.Create(new WebPushOptions()));
    private readonly EndpointGuard _lax = new(Options.Create(new WebPushOptions { AllowLoopback = true }));

    [Theory]
    [InlineData("https://fcm.googleapis.com/fcm/send/abc")]
    [InlineData("https://FCM.googleapis.com/fcm/send/abc")]
    [InlineData("https://updates.push.services.mozilla.com/wpush/v2/abc")]
    [InlineData("https://web.push.apple.com/abc")]
    [InlineData("https://db5p.notify.windows.com/w/?token=abc")]
    public void Push_services_of_todays_browsers_are_taken(string endpoint) => Assert.Null(_guard.Refuses(new Uri(endpoint)));

    [Theory]
    [InlineData("http://fcm.googleapis.com/fcm/send/abc")]
    [InlineData("https://fcm.googleapis.com:8443/abc")]
    [InlineData("https://user@fcm.googleapis.com/abc")]
    [InlineData("https://fcm.googleapis.com.evil.example/abc")]
    [InlineData("https://fcm.googleapis.com@127.0.0.1/abc")]
    [InlineData("https://evil.example/fcm.googleapis.com")]
    [InlineData("https://evilpush.apple.com/abc")]
    [InlineData("https://push.apple.com.evil.example/abc")]
    [InlineData("https://127.0.0.1/abc")]
    [InlineData("https://2130706433/abc")]
    [InlineData("https://[::1]/abc")]
    [InlineData("https://[::ffff:10.0.0.1]/abc")]
    [InlineData("http://127.0.0.1:9000/push/1")]
    [InlineData("ftp://fcm.googleapis.com/abc")]
    [InlineData("https://fcm.googleapis.com./abc")]
    [InlineData("https://127.1/abc")]
    [InlineData("https://0x7f000001/abc")]
    [InlineData("https://0177.0.0.1/abc")]
    [InlineData("https://[fe80::1]/abc")]
    [InlineData("https://evil.example#@fcm.googleapis.com/abc")]
    [InlineData("https://evil.example?.push.apple.com/abc")]
    [InlineData("https://fcm-googleapis.com/abc")]
    [InlineData("https://xn--fm-fmc.googleapis.com/abc")]
    [InlineData("https://fсm.googleapis.com/abc")] // a Cyrillic с
    [InlineData("https://push.apple.com/abc")] // *.push.apple.com is what lies below
    [InlineData("file:///etc/passwd")]
    [InlineData("https://fcm。googleapis。com.evil.example/abc")]
    public void Anything_else_is_refused(string endpoint) => Assert.NotNull(_guard.Refuses(new Uri(endpoint)));

    [Theory]
    [InlineData("http://127.0.0.1:9000/push/1", true)]
    [InlineData("https://127.0.0.1:9000/push/1", true)]
    [InlineData("http://localhost:9000/push/1", false)]
    [InlineData("http://127.0.0.2:9000/push/1", false)]
    [InlineData("http://10.0.0.1:9000/push/1", false)]
    public void Development_takes_loopback_and_no_more(string endpoint, bool taken) => Assert.Equal(taken, _lax.Refuses(new Uri(endpoint)) is null);

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2607:f8b0::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.8.9.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("::10.0.0.1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("::", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("fec0::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("4000::1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("172.15.255.255", true)]
    [InlineData("172.32.0.0", true)]
    public void Only_public_addresses_are_connected_to(string address, bool isPublic) => Assert.Equal(isPublic, GuardedConnect.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public async Task A_name_that_has_one_private_address_among_public_ones_is_refused_and_nothing_is_connected_to()
    {
        var leaps = 0;
        var connect = Connect(["8.8.8.8", "10.0.0.1"], _ => leaps++);
        await Assert.ThrowsAsync<BlockedAddressException>(() => connect.ConnectAsync("push.example", 443, TestContext.Current.CancellationToken));
        Assert.Equal(0, leaps);
    }

    [Fact]
    public async Task The_address_that_was_looked_at_is_the_one_connected_to()
    {
        var resolved = 0;
        IPAddress[] leapt = [];
        var connect = new GuardedConnect(allowLoopback: false)
        {
            // Asked a second time, the name would turn to an address of ours.
            Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(++resolved == 1 ? "8.8.8.8" : "127.0.0.1")]),
            Leap = (addresses, _, _) => { leapt = addresses; return Task.FromResult<Stream>(new MemoryStream()); },
        };
        await connect.ConnectAsync("push.example", 443, TestContext.Current.CancellationToken);
        Assert.Equal(1, resolved);
        Assert.Equal([IPAddress.Parse("8.8.8.8")], leapt);
    }

    [Theory]
    [InlineData("127.0.0.1", true, true)]
    [InlineData("127.0.0.1", false, false)]
    [InlineData("127.0.0.2", true, false)]
    [InlineData("10.0.0.1", true, false)]
    public async Task Loopback_is_connected_to_only_where_it_is_allowed(string host, bool allowLoopback, bool connects)
    {
        var leaps = 0;
        var connect = new GuardedConnect(allowLoopback) { Leap = (_, _, _) => { leaps++; return Task.FromResult<Stream>(new MemoryStream()); } };
        if (connects) await connect.ConnectAsync(host, 9000, TestContext.Current.CancellationToken);
        else await Assert.ThrowsAsync<BlockedAddressException>(() => connect.ConnectAsync(host, 9000, TestContext.Current.CancellationToken));
        Assert.Equal(connects ? 1 : 0, leaps);
    }

    private static GuardedConnect Connect(string[] addresses, Action<IPAddress[]> leap) => new(allowLoopback: false)
    {
        Resolve = (_, _) => Task.FromResult<IPAddress[]>([.. addresses.Select(IPAddress.Parse)]),
        Leap = (a, _, _) => { leap(a); return Task.FromResult<Stream>(new MemoryStream()); },
    };
}
