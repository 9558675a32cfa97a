using System.Linq.Expressions;
using Hangfire;
using Hangfire.Common;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Hangfire.States;
using Npgsql;
using Transaction = System.Transactions.Transaction;

namespace Notifier.Worker.Operations;

/// <summary>
/// Sets an alarm in the caller's own transaction: the rows that will be due and the job that wakes them commit together or not at all.
/// Hangfire joins a transaction only through an ambient <see cref="System.Transactions.TransactionScope"/>; inside BEGIN or an NpgsqlTransaction it throws.
/// </summary>
internal static class AlarmClock
{
    private static readonly PostgreSqlStorageOptions Options = HangfireRegistration.Options(new AlarmOptions());

    /// <param name="connection">Open, and opened inside the ambient scope (ReadCommitted, async flow enabled).</param>
    /// <param name="job">A call of one of <see cref="JobTypes.Allowed"/>, with ids only.</param>
    /// <param name="at">When it is to run; a moment that has passed means at once.</param>
    /// <returns>Hangfire's id of the job.</returns>
    public static string Schedule<TJob>(NpgsqlConnection connection, Expression<Func<TJob, Task>> job, DateTimeOffset at)
    {
        if (Transaction.Current is null) throw new InvalidOperationException("An alarm is set inside a TransactionScope, or it would outlive a rollback.");

        var storage = new PostgreSqlStorage(new ExistingNpgsqlConnectionFactory(connection, Options), Options);
        // No filters: each would add round trips, and none has anything to say about setting an alarm.
        var client = new BackgroundJobClient(storage, new JobFilterProviderCollection());
        // The queue must be named: without one the scheduler moves due jobs one by one, with 12 round trips each.
        return client.Create(Job.FromExpression(job, HangfireRegistration.EmailQueue), new ScheduledState(at.UtcDateTime));
    }
}
