using Notifier.Domain;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Recipients;

/// <summary>What a person leaves behind in every table.</summary>
internal static class Traces
{
    /// <summary>Writes rows for a person as the workers do; every word of theirs holds the person's id.</summary>
    /// <param name="other">Somebody who has the same messages unseen.</param>
    public static async Task LeaveAsync(this TestDatabase database, string site, string id, string other)
    {
        await database.ExecuteAsync(
            "INSERT INTO notifier.recipient (site, id, email, name, preferences) VALUES ($1, $2, $2 || '@ACME.example', 'name of ' || $2, jsonb_build_object('conversations', jsonb_build_object('c-' || $2, '{}'::jsonb)))", site, id);
        await database.ExecuteAsync("INSERT INTO notifier.suppression (site, address, reason, detail) VALUES ($1, lower($2 || '@acme.example'), 'bounced', 'no such user ' || $2)", site, id);
        var subscription = await database.ScalarAsync<long>(
            "INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth) VALUES ($1, $2, 'https://push.example/' || $1 || $2, 'https://push.example', '', '') RETURNING id", site, id);
        await database.ExecuteAsync(
            "INSERT INTO notifier.push_outbox (site, recipient, conversation, subscription, origin, up_to, message, expires_at) VALUES ($1, $2, 'c-9', $3, 'https://push.example', 1, 'm-1', now())", site, id, subscription);
        await database.ExecuteAsync(
            "INSERT INTO notifier.email_attempt (id, message_id, site, recipient, conversations, newest, answer) VALUES (gen_random_uuid(), '<' || $1 || $2 || '@acme>', $1, $2, ARRAY['c-9'], ARRAY['m-1'], 'to ' || $2)", site, id);
        await database.ExecuteAsync("INSERT INTO notifier.presence (site, recipient, node, state, at, received_at) VALUES ($1, $2, 'n', 3, now(), now())", site, id);
        await database.ExecuteAsync("INSERT INTO notifier.seen_mark (site, recipient, conversation, seq) VALUES ($1, $2, 'c-9', 1)", site, id);
        await database.ExecuteAsync(
            "INSERT INTO notifier.escalation (id, site, recipient, conversation, shard, opened_at) VALUES (nextval('notifier.escalation_id'), $1, $2, 'c-9', $3, now())", site, id, Shard.Of(site, id));
        await database.ExecuteAsync(
            "INSERT INTO notifier.trace (at, site, recipient, conversation, message, push_verdict, push_reason, basis) VALUES (now(), $1, $2, 'c-9', 'told-' || $2, 'told', 'accepted', jsonb_build_object('to', $2))", site, id);

        await database.ExecuteAsync("INSERT INTO notifier.bounce (report, site, address, status, verdict) VALUES (convert_to($1 || 'report of ' || $2, 'UTF8'), $1, lower($2 || '@acme.example'), '5.1.1', 'suppress')", site, id);
        await database.RelayAsync(site, id, other);

        await database.MessageAsync(site, $"only-{id}", from: other, text: $"only for {id}", unseenBy: [id]);
        await database.MessageAsync(site, $"told-{id}", from: other, text: $"seen by {id}", unseenBy: []);
        await database.MessageAsync(site, $"deleted-{id}", from: other, text: $"taken back from {id}", unseenBy: [id]);
        await database.ExecuteAsync("UPDATE notifier.message SET deleted_at = now() WHERE id = 'deleted-' || $1", id);
        await database.MessageAsync(site, $"by-{id}", from: id, text: $"read long ago, by {id}", unseenBy: []);

        foreach (var table in (string[])["inbox", "dead_letter"])
        {
            var shard = Shard.Of(site, id);
            await database.EventAsync(table, shard, $$"""{ "data": { "site": "{{site}}", "recipient": "{{id}}", "conversation": "c-9", "seq": 1 } }""");
            await database.EventAsync(table, shard, $$"""{ "data": { "site": "{{site}}", "message": { "id": "m-3", "sender": { "id": "{{other}}" } }, "recipients": [{ "id": "{{id}}" }] } }""");
            await database.EventAsync(table, shard, $$"""{ "data": { "site": "{{site}}", "message": { "id": "m-4", "sender": { "id": "{{other}}" } }, "recipients": [{ "id": "{{id}}" }, { "id": "{{other}}" }] } }""");
            await database.EventAsync(table, 63, $$"""{ "data": { "site": "{{site}}", "message": { "id": "m-5", "text": "kept", "sender": { "id": "{{id}}", "name": "name of {{id}}" } }, "recipients": [{ "id": "{{other}}" }] } }""");
        }
        await database.ExecuteAsync("INSERT INTO notifier.dead_letter (site, kind, reason, detail, body) VALUES ($1, 'email', 'rejected', 'no ' || $2, jsonb_build_object('Recipient', $2, 'MessageId', 'e-7')::text)", site, id);
        await database.ExecuteAsync("INSERT INTO notifier.dead_letter (kind, reason, detail, body) VALUES ('event', 'unreadable', '$ is not JSON', '{ \"recipient\": \"' || $1 || '\", ')", id);
    }

    /// <summary>What a relay keeps for minutes. Ids of messages are the site's.</summary>
    private static async Task RelayAsync(this TestDatabase database, string site, string id, string other)
    {
        const string Accepted = "INSERT INTO relay.accepted (site, message, node, recipients, body) VALUES ($1, $2 || md5($3 || $4), 'n', $5, jsonb_build_object('sender', jsonb_build_object('id', $6, 'name', 'name of ' || $6), 'text', $7))";
        await database.ExecuteAsync(Accepted, site, "both-", id, other, new[] { other, id }, other, "for both");
        await database.ExecuteAsync(Accepted, site, "only-", id, other, new[] { id }, other, $"only for {id}");
        await database.ExecuteAsync(Accepted, site, "by-", id, other, new[] { other }, id, "for the other");
        await database.ExecuteAsync("INSERT INTO relay.connected (site, recipient, node) VALUES ($1, $2, 'n')", site, id);
        await database.ExecuteAsync("INSERT INTO relay.signal (node, site, recipients, frame) VALUES ('n', $1, ARRAY[$2], '{}'), ('n', $1, ARRAY[$3], '{\"from\":' || to_json($2::text) || '}')", site, id, other);
    }

    public static async Task MessageAsync(this TestDatabase database, string site, string id, string from, string text, string[] unseenBy)
    {
        await database.ExecuteAsync(
            "INSERT INTO notifier.message (site, id, conversation, seq, kind, sender_id, sender_name, text, title, sent_at) VALUES ($1, $2, 'c-9', 1, 0, $3, 'name of ' || $3, $4, 'title', now())", site, id, from, text);
        foreach (var person in unseenBy)
            await database.ExecuteAsync(
                "INSERT INTO notifier.escalation_message (site, recipient, message, conversation, seq, outcome, presence, active_here, mentioned, reported_at, received_at) VALUES ($1, $2, $3, 'c-9', 1, 0, 0, false, false, now(), now())",
                site, person, id);
    }

    private static Task<int> EventAsync(this TestDatabase database, string table, short shard, string body) => database.ExecuteAsync(
        table == "inbox"
            ? "INSERT INTO notifier.inbox (shard, source, event_id, body) VALUES ($1, 's', gen_random_uuid(), $2)"
            : "INSERT INTO notifier.dead_letter (kind, source, event_id, reason, detail, body) SELECT 'event', 's', gen_random_uuid(), 'undecidable', '', $2 WHERE $1 >= 0", shard, body);

    /// <summary>Every row of every table in which a word occurs, as PostgreSQL writes it, or in bytes. Tables of other schemas come with their schema.</summary>
    public static async Task<List<(string Table, string Row)>> FindAsync(this TestDatabase database, string word)
    {
        var found = new List<(string Table, string Row)>();
        foreach (var table in await database.ListAsync<string>("SELECT oid::regclass::text FROM pg_class WHERE relnamespace IN ('notifier'::regnamespace, 'relay'::regnamespace, 'hangfire'::regnamespace) AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1"))
            foreach (var row in await database.ListAsync<string>($"SELECT t::text FROM {table} t WHERE strpos(lower(t::text), lower($1)) > 0 OR strpos(t::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0", word))
                found.Add((table.StartsWith("notifier.", StringComparison.Ordinal) ? table["notifier.".Length..] : table, row));
        return found;
    }
}
