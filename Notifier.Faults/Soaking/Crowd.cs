using Notifier.Faults.Driving;
using Notifier.Faults.Stage;
using Npgsql;

namespace Notifier.Faults.Soaking;

/// <summary>A hundred thousand people, registered by SQL: one in ten has an address, three in ten have a browser.</summary>
internal sealed class Crowd(Cast cast, int people)
{
    /// <summary>Keys are shared: what costs is the message, not the browser.</summary>
    private const int Keys = 64;

    public int People => people;

    public static bool HasBrowser(int person) => person % 10 is 3 or 6 or 9;

    public async Task RegisterAsync()
    {
        await SqlAsync("INSERT INTO notifier.recipient (site, id, email, name) SELECT 'acme', 'p-' || i, CASE WHEN i % 10 = 0 THEN 'p-' || i || '@example.org' END, 'p-' || i FROM generate_series(0, $1 - 1) AS i", people);
        var browsers = Enumerable.Range(0, Keys).Select(_ => new Browser()).ToArray();
        cast.Push.Share(subscription => browsers[int.Parse(subscription[2..], System.Globalization.CultureInfo.InvariantCulture) % Keys]);
        await SqlAsync(
            """
            INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth)
            SELECT 'acme', 'p-' || i, $2 || '/push/p-' || i, $2, ($3::bytea[])[i % $5 + 1], ($4::bytea[])[i % $5 + 1] FROM generate_series(0, $1 - 1) AS i WHERE i % 10 IN (3, 6, 9)
            """, people, cast.Push.Origin, browsers.Select(b => b.PublicKey.ToArray()).ToArray(), browsers.Select(b => b.Auth.ToArray()).ToArray(), Keys);
        await SqlAsync("ANALYZE notifier.recipient, notifier.push_subscription");
    }

    private async Task SqlAsync(string sql, params object[] values)
    {
        await using var command = cast.Database.CreateCommand(sql);
        foreach (var value in values) command.Parameters.AddWithValue(value);
        await command.ExecuteNonQueryAsync();
    }
}
