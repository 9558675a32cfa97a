using System.Text.Json.Nodes;
using Notifier.Tests.Api;
using Xunit;

namespace Notifier.Tests.Recipients;

public sealed class WhyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task The_decisions_on_a_message_are_told_in_order_with_what_they_were_based_on()
    {
        await api.Database.ExecuteAsync(
            """
            INSERT INTO notifier.decision (at, site, recipient, conversation, message, channel, verdict, reason, until, basis) VALUES
              ('2026-11-24T12:00:02Z', 'acme', 'u/2', 'c-9', 'm-1', 'push', 'send', 'unseen', NULL, NULL),
              ('2026-11-24T12:00:00Z', 'acme', 'u/2', 'c-9', 'm-1', 'email', 'wait', 'delay', '2026-11-24T12:10:00Z', '{"presence": "offline"}'),
              ('2026-11-24T12:00:01Z', 'acme', 'u-3', 'c-9', 'm-1', 'push', 'skip', 'no_device', NULL, NULL),
              ('2026-11-24T12:00:01Z', 'other', 'u/2', 'c-9', 'm-1', 'push', 'skip', 'no_device', NULL, NULL)
            """);

        var answer = await api.Host.SendAsync(HttpMethod.Get, "/v1/sites/acme/messages/m-1/recipients/u%2F2");

        Assert.Equal(200, answer.Status);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(
            """
            { "site": "acme", "message": "m-1", "recipient": "u/2", "decisions": [
              { "at": "2026-11-24T12:00:00+00:00", "channel": "email", "verdict": "wait", "reason": "delay", "until": "2026-11-24T12:10:00+00:00", "basis": { "presence": "offline" } },
              { "at": "2026-11-24T12:00:02+00:00", "channel": "push", "verdict": "send", "reason": "unseen" } ] }
            """), JsonNode.Parse(answer.Body)), answer.Body);
    }

    [Fact]
    public async Task Of_a_message_nobody_knows_there_is_nothing_to_tell() =>
        (await api.Host.SendAsync(HttpMethod.Get, "/v1/sites/acme/messages/none/recipients/u-2")).AssertProblem(404);
}
