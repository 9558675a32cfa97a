using System.Diagnostics;
using Npgsql;

namespace Notifier.Benchmarks.Pipeline;

/// <summary>The limit: nothing but the claim of rows that are there already, as the inbox's owners do it, by four at a time.</summary>
internal sealed class BareClaim(Database database) : IPipelineSide
{
    private const int Claimers = 4, Shards = 64, Batch = 500;

    public string Name => "the bare claim";

    public static async Task<BareClaim> CreateAsync(Database database)
    {
        await database.RunAsync("CREATE TABLE claim (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, shard smallint NOT NULL, body text NOT NULL)");
        await database.RunAsync("CREATE INDEX claim_shard ON claim (shard, id)");
        return new BareClaim(database);
    }

    public async Task<TimeSpan> RoundAsync(int events)
    {
        await database.RunAsync($"INSERT INTO claim (shard, body) SELECT n % {Shards}, repeat('x', 420) FROM generate_series(1, $1) AS n", events);
        var clock = Stopwatch.StartNew();
        var claimed = await Task.WhenAll(Enumerable.Range(0, Claimers).Select(ClaimAsync));
        return claimed.Sum() == events ? clock.Elapsed : throw new InvalidOperationException($"{claimed.Sum()} of {events} rows were claimed");
    }

    private async Task<int> ClaimAsync(int claimer)
    {
        await using var connection = await database.Source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(
            // By an array: with IN, a plan that was made before the table was analyzed read all of it for each row.
            "DELETE FROM claim WHERE id = ANY (ARRAY(SELECT id FROM claim WHERE shard = $1 ORDER BY id LIMIT $2)) RETURNING id, body", connection)
        { Parameters = { new() { Value = (short)0 }, new() { Value = Batch } } };
        await command.PrepareAsync();
        var all = 0;
        for (var shard = claimer; shard < Shards; shard += Claimers)
        {
            command.Parameters[0].Value = (short)shard;
            for (var rows = -1; rows != 0; all += rows)
            {
                rows = 0;
                await using var reader = await command.ExecuteReaderAsync();
                while (await reader.ReadAsync()) rows++;
            }
        }
        return all;
    }
}
