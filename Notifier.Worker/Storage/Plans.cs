using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What is known of the way to rows, and PostgreSQL may not know.</summary>
internal static class Plans
{
    /// <summary>
    /// For what is found by its key. A table that has grown since it was last analyzed looks small to the planner, which would read all of it; this holds for
    /// the rest of the transaction (a batch outside of one is one), and so for what a turn writes. What is switched off has a price so high that the planner would have the
    /// statement compiled.
    /// </summary>
    public static NpgsqlBatchCommand ByIndex() => new("SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)");
}
