using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What is known of push services, per site. It is kept in the database: a restart keeps what a push service has asked for.</summary>
internal sealed class PushOriginStore
{
    /// <summary>The breaker's numbers: it opens when this share of at least so many answers in a window are 401 or 403.</summary>
    private const int LeastAnswers = 50, SharePercent = 20;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5), OpenFor = TimeSpan.FromMinutes(5);

    /// <summary>Where so many devices of a push service are asked for less at once, it is not about the devices.</summary>
    private const int ManyHeld = 3;

    /// <summary>Leaves push services alone where many of their devices are held, for as long as the last of these.</summary>
    public static NpgsqlBatchCommand HoldWhereMany(IReadOnlyCollection<(ClaimedPush Push, TimeSpan For)> holds)
    {
        var rows = holds.Select(h => (h.Push.Key.Site, h.Push.Origin)).Distinct().ToArray();
        return new NpgsqlBatchCommand(
            """
            INSERT INTO notifier.push_origin AS o (site, origin, held_until)
            SELECT site, origin, max(s.held_until) FROM unnest($1, $2) AS h(site, origin) JOIN notifier.push_subscription s USING (site, origin)
            WHERE s.held_until > notifier.now() GROUP BY site, origin HAVING count(*) >= $3 ORDER BY site, origin
            ON CONFLICT (site, origin) DO UPDATE SET held_until = greatest(o.held_until, excluded.held_until)
            """)
        { Parameters = { Column.Of(rows, r => r.Site), Column.Of(rows, r => r.Origin), new() { Value = ManyHeld } } };
    }

    /// <summary>Counts answers for the breaker and opens it where too many were refusals of our key. Returns the origins where it opened now.</summary>
    public static NpgsqlBatchCommand Count(IReadOnlyCollection<(string Site, string Origin, bool Unauthorized)> answers)
    {
        var rows = answers.GroupBy(a => (a.Site, a.Origin)).Select(g => (g.Key.Site, g.Key.Origin, All: g.Count(), Unauthorized: g.Count(a => a.Unauthorized))).ToArray();
        return new NpgsqlBatchCommand(
            """
            WITH counted AS (
              INSERT INTO notifier.push_origin AS o (site, origin, answers, unauthorized)
              SELECT * FROM unnest($1, $2, $3, $4) AS a(site, origin, answers, unauthorized) ORDER BY site, origin
              ON CONFLICT (site, origin) DO UPDATE SET
                answers = CASE WHEN o.window_from < notifier.now() - $5 THEN excluded.answers ELSE o.answers + excluded.answers END,
                unauthorized = CASE WHEN o.window_from < notifier.now() - $5 THEN excluded.unauthorized ELSE o.unauthorized + excluded.unauthorized END,
                window_from = CASE WHEN o.window_from < notifier.now() - $5 THEN notifier.now() ELSE o.window_from END
              RETURNING site, origin, answers, unauthorized)
            SELECT site, origin FROM counted WHERE answers >= $6 AND unauthorized * 100 >= answers * $7
            """)
        {
            Parameters =
            {
                Column.Of(rows, r => r.Site), Column.Of(rows, r => r.Origin), Column.Of(rows, r => r.All), Column.Of(rows, r => r.Unauthorized), new() { Value = Window },
                new() { Value = LeastAnswers }, new() { Value = SharePercent },
            },
        };
    }

    /// <summary>Opens the breaker: nothing goes there for a while; then the count begins anew.</summary>
    public static NpgsqlBatchCommand Open(IReadOnlyCollection<(string Site, string Origin)> origins) => new(
        """
        UPDATE notifier.push_origin o SET open_until = notifier.now() + $3, answers = 0, unauthorized = 0, window_from = notifier.now()
        FROM unnest($1, $2) AS b(site, origin) WHERE o.site = b.site AND o.origin = b.origin
        """)
    { Parameters = { Column.Of(origins, o => o.Site), Column.Of(origins, o => o.Origin), new() { Value = OpenFor } } };
}
