using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What the sender of an email writes beside its end.</summary>
internal static class EmailTrace
{
    /// <summary>A row of the trace for every message that the email under way tells of.</summary>
    public static NpgsqlBatchCommand UnderWay(ClaimedEmail email, Ruling ruling) => new(
        $"""
        INSERT INTO notifier.trace (at, site, recipient, conversation, message, email_verdict, email_reason, email_until, basis)
        SELECT notifier.now(), site, recipient, conversation, message, $4, $5, $6, jsonb_build_object('attempt', $7::integer)
        FROM notifier.escalation_message
        WHERE site = $1 AND recipient = $2 AND conversation = ANY ($3) AND email_verdict = {(int)Verdict.Send}
        """)
    {
        Parameters =
        {
            new() { Value = email.Recipient.Site }, new() { Value = email.Recipient.Recipient }, new() { Value = email.Conversations.ToArray() },
            new() { Value = ruling.Verdict.Word() }, new() { Value = ruling.Reason.Word() },
            new() { Value = (object?)ruling.Until ?? DBNull.Value, DataTypeName = "timestamptz" }, new() { Value = email.Attempts },
        },
    };

    /// <summary>No mail goes to the address any more that an email went to: the person may have another by now.</summary>
    public static NpgsqlBatchCommand Suppress(string site, string address, string detail) => new(
        "INSERT INTO notifier.suppression (site, address, reason, detail) VALUES ($1, lower($2), 'refused', $3) ON CONFLICT (site, address) DO NOTHING")
    { Parameters = { new() { Value = site }, new() { Value = address }, new() { Value = detail } } };
}
