using Notifier.Tests.Fixtures;
using Notifier.Worker.Storage;
using Xunit;

namespace Notifier.Tests.Operations;

/// <summary>PostgreSQL's own plans of what the operators' pages ask, over tables that are too large to be read through.</summary>
public sealed class PagePlanTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>
{
    private const int Rows = 100_000;

    [Fact]
    public async Task No_page_reads_a_table_through()
    {
        await FillAsync();
        await using var explained = new ExplainedSource(database.OwnerConnectionString);
        var source = explained.Source;
        var (why, letters, trace, sites, suppressed, emails) = (
            new WhyStore(source), new DeadLetterStore(source), new TraceStore(source), new SiteStore(source), new SuppressionStore(source), new PendingEmailStore(source));

        Assert.Equal(51, why.PeopleOf("m-all", "", "", 51).Count);
        Assert.Single(why.PeopleOf("m-7", "", "", 51));
        Assert.Single(why.Find("u-7"));
        Assert.Single(why.DevicesOf("acme", "u-7"));
        Assert.Equal(51, why.ConversationsOf("acme", "u-0", "", 51).Count);
        Assert.Equal(2, trace.Read("acme", "m-7", "u-7").Count);
        Assert.Equal(51, letters.Page("", long.MaxValue, 51).Count);
        Assert.Equal(51, letters.Page("rejected", 50_000, 51).Count);
        Assert.Equal(2, letters.Reasons().Count);
        Assert.Equal(51, sites.Page("", 51).Count);
        Assert.Equal(51, suppressed.List(long.MaxValue, 51).Count);
        Assert.Single(suppressed.Find("u-7"));
        Assert.Equal(51, emails.Due("", default, 51).Count);
        Assert.Empty(emails.UnderWay("", default, 51));

        Assert.True(explained.Plans.Count >= 14, string.Join("\n\n", explained.Plans));
        explained.AssertNoTableIsReadThrough();
    }

    private async Task FillAsync()
    {
        await database.ExecuteAsync($"INSERT INTO notifier.recipient (site, id, email) SELECT 'acme', 'u-' || i, 'u' || i || '@example.org' FROM generate_series(1, {Rows}) AS i");
        await database.ExecuteAsync(
            $"INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth) SELECT 'acme', 'u-' || i, 'https://p.example/' || i, 'https://p.example', '', '' FROM generate_series(1, {Rows}) AS i");
        await database.ExecuteAsync($"INSERT INTO notifier.message (site, id, conversation, seq, sent_at) SELECT 'acme', 'm-' || i, 'c', i, now() FROM generate_series(1, {Rows}) AS i UNION ALL SELECT 'acme', 'm-all', 'c', 0, now()");
        await database.ExecuteAsync(
            $"""
            INSERT INTO notifier.trace (at, site, recipient, conversation, message, push_verdict, push_reason, email_verdict, email_reason)
            SELECT now(), 'acme', 'u-' || i, 'c', m, 'told', 'accepted', 'wait', 'delay' FROM generate_series(1, {Rows}) AS i, unnest(ARRAY['m-all', 'm-' || i]) AS m
            """);
        await database.ExecuteAsync(
            $"INSERT INTO notifier.escalation (id, site, recipient, conversation, shard, opened_at, email_at) SELECT i, 'acme', 'u-' || i % 1000, 'c-' || i, i % 64, now(), now() + i * interval '1 second' FROM generate_series(1, {Rows}) AS i");
        await database.ExecuteAsync(
            $"""
            INSERT INTO notifier.escalation_message (site, recipient, message, conversation, seq, outcome, presence, active_here, mentioned, reported_at, received_at)
            SELECT 'acme', 'u-' || i % 1000, 'm-' || i, 'c-' || i, i, 0, 0, false, false, now(), now() FROM generate_series(1, {Rows}) AS i
            """);
        await database.ExecuteAsync(
            $"INSERT INTO notifier.dead_letter (kind, reason, detail, body) SELECT 'event', CASE WHEN i % 2 = 0 THEN 'rejected' ELSE 'unreadable' END, '', '' FROM generate_series(1, {Rows}) AS i");
        await database.ExecuteAsync("INSERT INTO notifier.site (id) SELECT 'site-' || i FROM generate_series(1, 5000) AS i");
        await database.ExecuteAsync("INSERT INTO notifier.site_key (hash, site) SELECT sha256(convert_to(id, 'UTF8')), id FROM notifier.site");
        await database.ExecuteAsync($"INSERT INTO notifier.suppression (site, address, reason, detail) SELECT 'acme', 'u' || i || '@example.org', 'bounced', '' FROM generate_series(1, {Rows}) AS i");
        await database.ExecuteAsync(
            $"INSERT INTO notifier.email_attempt (id, message_id, site, recipient, conversations, state, finished_at) SELECT gen_random_uuid(), i::text, 'acme', 'u-' || i, '{{c}}', 'sent', now() FROM generate_series(1, {Rows}) AS i");
        await database.ExecuteAsync("VACUUM ANALYZE");
    }
}
