using Notifier.Faults.Driving;
using Npgsql;

namespace Notifier.Faults;

/// <summary>Writes down, again and again, since when the oldest of what is due waits, and how the machine runs.</summary>
internal sealed class DueWatch : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private const string Oldest =
        """
        SELECT extract(epoch FROM notifier.now()),
          extract(epoch FROM (SELECT min(received_at) FROM notifier.inbox)),
          extract(epoch FROM (SELECT min(push_at) FROM notifier.escalation WHERE push_at <= notifier.now())),
          extract(epoch FROM (SELECT min(email_at) FROM notifier.escalation WHERE email_at <= notifier.now())),
          extract(epoch FROM (SELECT min(greatest(o.next_at, o.lease_until, h.held_until, h.open_until))
                              FROM notifier.push_outbox o LEFT JOIN notifier.push_origin h USING (site, origin)
                              WHERE greatest(o.next_at, o.lease_until, h.held_until, h.open_until) <= notifier.now())),
          extract(epoch FROM (SELECT min(greatest(next_at, created_at, lease_until)) FROM notifier.email_attempt
                              WHERE state IN ('pending', 'retry', 'sending', 'data') AND greatest(next_at, created_at, lease_until) <= notifier.now()))
        """;

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    public DueWatch(NpgsqlDataSource database, DriverLog log) => _watching = WatchAsync(database, log);

    public Machine Machine { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync(NpgsqlDataSource database, DriverLog log)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var before = DriverLog.Now;
                await Task.Delay(Every, _stop.Token);
                await using var command = database.CreateCommand(Oldest);
                await using var reader = await command.ExecuteReaderAsync(_stop.Token);
                await reader.ReadAsync(_stop.Token);
                double? Value(int column) => reader.IsDBNull(column) ? null : (double)reader.GetDecimal(column);
                Machine.Sample(DriverLog.Now - before - Every.TotalSeconds);
                log.Write("due", new { Now = Value(0), Inbox = Value(1), PushRung = Value(2), EmailRung = Value(3), Push = Value(4), Email = Value(5) });
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException or TimeoutException)
            {
                // Nothing is measured while the database is away.
            }
        }
    }
}
