using Notifier.Tests.Docs;
using Notifier.Tests.Fixtures;
using Notifier.Tests.Relay;

namespace Notifier.Tests.Client;

public sealed class FlushTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    [Fact]
    public async Task Seen_marks_that_have_gathered_reach_a_relay_with_its_usual_limits_over_one_connection()
    {
        var lives = await Tool.RunAsync(
            Repository.File("Notifier.Tests/Client"), "node", "flush_marks.mjs", relay.Host.Address.AbsoluteUri, RelayClient.TokenFor("flusher"), "70");
        Assert.Equal("1", lives.Trim());
    }
}
