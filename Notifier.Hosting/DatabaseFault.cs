using System.Transactions;
using Npgsql;

namespace Notifier.Hosting;

/// <summary>Tells a database that is away, or a transaction that lost a race, from a mistake of ours: the first passes by itself.</summary>
internal static class DatabaseFault
{
    private const string IdleInTransaction = "25P03";

    public static bool Passes(Exception e) =>
        e is TransactionException or TimeoutException
        || (e is NpgsqlException npgsql && (npgsql is not PostgresException || npgsql.IsTransient
            // Npgsql does not count these: a statement that was cancelled or ran out of time, a standby that is not yet the primary, and a transaction in which we stood still.
            || npgsql.SqlState is PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.ReadOnlySqlTransaction or IdleInTransaction))
        // Hangfire wraps what befell it at setting an alarm.
        || (e is not NpgsqlException && e.InnerException is { } cause && Passes(cause));

    /// <summary>A word for the log: never the message, which may quote what was written.</summary>
    public static string Word(Exception e) => (e as NpgsqlException)?.SqlState ?? (e.InnerException as NpgsqlException)?.SqlState ?? e.InnerException?.GetType().Name ?? e.GetType().Name;
}
