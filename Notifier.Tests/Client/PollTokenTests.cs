using Notifier.Tests.Devices;
using Notifier.Tests.Docs;
using Notifier.Tests.Fixtures;
using Notifier.Tests.Relay;

namespace Notifier.Tests.Client;

public sealed class PollTokenTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private static readonly string Good = RelayClient.TokenFor("poller"), Expired = RelayClient.TokenFor("poller", minutes: -1),
        Foreign = Jwt.Sign(RelayClient.Claims("poller"), "another-key-0123456789abcdef-0123456789ab");

    [Fact]
    public async Task Who_begins_to_poll_with_an_expired_token_gets_another_and_goes_on()
    {
        Assert.Equal("live with 2", await PollAsync(Expired, Good));
        Assert.Equal("live with 3", await PollAsync(Expired, Expired, Good));
    }

    [Fact]
    public async Task Who_polls_with_a_token_that_is_not_good_stops_at_once() => Assert.Equal("stopped (4500) with 1", await PollAsync(Foreign, Good));

    private async Task<string> PollAsync(params string[] tokens) =>
        (await Tool.RunAsync(Repository.File("Notifier.Tests/Client"), ["node", "poll_with_tokens.mjs", relay.Host.Address.AbsoluteUri, .. tokens])).Trim();
}
