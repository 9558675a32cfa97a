using System.Net;
using Microsoft.Extensions.Options;
using Notifier.Relay;
using Notifier.Relay.Connections;

namespace Notifier.Tests.Relay;

public sealed class ConnectRateTests
{
    [Fact]
    public void Addresses_of_one_IPv6_network_have_one_allowance()
    {
        var rate = new ConnectRate(Options.Create(new RelayOptions { ConnectsPerSecond = 3 }), new Ticker(Microsoft.Extensions.Logging.Abstractions.NullLogger<Ticker>.Instance));
        for (var i = 0; i < 3; i++) Assert.True(rate.Take(IPAddress.Parse($"2001:db8::{i + 1:x}")));

        Assert.False(rate.Take(IPAddress.Parse("2001:db8::ffff")));
        Assert.True(rate.Take(IPAddress.Parse("2001:db8:0:1::1")));
        Assert.True(rate.Take(IPAddress.Parse("192.0.2.1")));
    }
}
