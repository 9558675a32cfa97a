using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What is known of the way to rows, and PostgreSQL may not know.</summary>
internal static class Plans
{
    /// <summary>
    /// For what is found by its key, or next in an index. A table that has grown since it was last analyzed looks small to the planner, which would read all of it; a plan made
    /// while the inbox was empty is even kept when it is full. This holds for the rest of the transaction (a batch outside of one is one), and so for what a turn writes. What is
    /// switched off has a price so high that the planner would have the statement compiled.
    /// </summary>
    public static NpgsqlBatchCommand ByIndex() => new(
        """
        SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
               set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)
        """);

    /// <summary>
    /// A connection plans each statement as it comes: left to itself PostgreSQL keeps a plan from the sixth time on, and one that was made while a table was empty, as at night, reads all of
    /// it once for each key when it is full.
    /// </summary>
    public const string AsItComes = "SET plan_cache_mode = force_custom_plan";

    /// <summary>
    /// For what goes by a list of keys, one by one: to plan it costs more than running it does. Only for statements that leave no choice (plain inserts; LATERAL with OFFSET 0 fixes who
    /// is looked up from whom): a plan that was made while a table was empty is kept.
    /// </summary>
    public static NpgsqlBatchCommand Kept() => new("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)");

    /// <summary>What follows in the transaction is planned as ever.</summary>
    public static NpgsqlBatchCommand Anew() => new("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)");

    /// <summary>One statement, found by its keys, by a plan that is kept.</summary>
    /// <returns>Its rows.</returns>
    public static async Task<NpgsqlDataReader> ReadKeptAsync(this NpgsqlBatch batch, string sql, NpgsqlParameter[] parameters, CancellationToken cancellation)
    {
        batch.BatchCommands.Add(Kept());
        var reader = await batch.ReadByIndexAsync(sql, parameters, [Anew()], cancellation);
        await reader.NextResultAsync(cancellation);
        return reader;
    }

    /// <summary>One statement, found so.</summary>
    /// <returns>Its rows.</returns>
    public static Task<NpgsqlDataReader> ReadByIndexAsync(this NpgsqlBatch batch, string sql, NpgsqlParameter[] parameters, CancellationToken cancellation) =>
        batch.ReadByIndexAsync(sql, parameters, [], cancellation);

    private static async Task<NpgsqlDataReader> ReadByIndexAsync(this NpgsqlBatch batch, string sql, NpgsqlParameter[] parameters, NpgsqlBatchCommand[] after, CancellationToken cancellation)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.AddRange(parameters);
        batch.BatchCommands.Add(ByIndex());
        batch.BatchCommands.Add(command);
        foreach (var more in after) batch.BatchCommands.Add(more);
        var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        return reader;
    }
}
