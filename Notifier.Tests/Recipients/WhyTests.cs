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
            INSERT INTO notifier.trace (at, site, recipient, conversation, message, push_verdict, push_reason, email_verdict, email_reason, email_until, outcome, presence, presence_now, seen_up_to, seq, sent_at, device, address, basis) VALUES
              ('2026-11-24T12:00:02Z', 'acme', 'u/2', 'c-9', 'm-1', 'told', 'accepted', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"origin": "https://push.example"}'),
              ('2026-11-24T12:00:00Z', 'acme', 'u/2', 'c-9', 'm-1', 'send', 'unseen', 'wait', 'delay', '2026-11-24T12:10:00Z', 'undelivered', 'idle', 'offline', 6, 7, '2026-11-24T11:59:59Z', true, false, NULL),
              ('2026-11-24T12:00:03Z', 'acme', 'u/2', 'c-9', 'm-1', NULL, NULL, 'suppress', 'already_seen', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              ('2026-11-24T12:00:01Z', 'acme', 'u-3', 'c-9', 'm-1', 'skip', 'no_device', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              ('2026-11-24T12:00:01Z', 'other', 'u/2', 'c-9', 'm-1', 'skip', 'no_device', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
            """);

        var answer = await api.Host.SendAsync(HttpMethod.Get, "/v1/sites/acme/messages/m-1/recipients/u%2F2");

        Assert.Equal(200, answer.Status);
        const string grounds =
            """
            { "outcome": "undelivered", "presence": "idle", "now": "offline", "lastActivity": null, "seenUpTo": 6, "seq": 7, "sentAt": "2026-11-24T11:59:59+00:00", "device": true, "address": false }
            """;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(
            $$"""
            { "site": "acme", "message": "m-1", "recipient": "u/2", "decisions": [
              { "at": "2026-11-24T12:00:00+00:00", "channel": "push", "verdict": "send", "reason": "unseen", "basis": {{grounds}} },
              { "at": "2026-11-24T12:00:00+00:00", "channel": "email", "verdict": "wait", "reason": "delay", "until": "2026-11-24T12:10:00+00:00", "basis": {{grounds}} },
              { "at": "2026-11-24T12:00:02+00:00", "channel": "push", "verdict": "told", "reason": "accepted", "basis": { "origin": "https://push.example" } },
              { "at": "2026-11-24T12:00:03+00:00", "channel": "email", "verdict": "suppress", "reason": "already_seen" } ] }
            """), JsonNode.Parse(answer.Body)), answer.Body);
    }

    [Fact]
    public async Task Of_a_message_nobody_knows_there_is_nothing_to_tell() =>
        (await api.Host.SendAsync(HttpMethod.Get, "/v1/sites/acme/messages/none/recipients/u-2")).AssertProblem(404);
}
