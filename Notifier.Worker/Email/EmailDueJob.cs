using Hangfire;

namespace Notifier.Worker.Email;

/// <summary>
/// What Hangfire runs when emails are due. Its name and signature stand in Hangfire's tables: they stay for ever. It carries no message, only a
/// time: the rows say what is due.
/// </summary>
// A failed run is not repeated by Hangfire: the sweep sets the alarm anew for whatever is still due.
[AutomaticRetry(Attempts = 0)]
internal sealed class EmailDueJob(EmailDelivery delivery)
{
    /// <param name="slot">The time the alarm was set for, in Unix seconds.</param>
    /// <param name="cancellation">Hangfire's: the server is shutting down.</param>
    [JobDisplayName("Emails due at {0}")]
    public Task RunAsync(long slot, CancellationToken cancellation) => delivery.RunAsync(DateTimeOffset.FromUnixTimeSeconds(slot), cancellation);
}
