using System.Collections.Concurrent;

namespace Notifier.Worker.Email;

/// <summary>
/// The open connections that carry no mail at present, newest first, so that those that are not needed age. The slots bound how many
/// are in use; with an idle one always taken before another is opened, they bound how many are open, too.
/// </summary>
internal sealed class SmtpPool(EmailOptions options, TimeProvider time) : IDisposable
{
    // Servers close what is idle (Postfix after 300 s; RFC 5321 section 4.5.3.2.7 asks for 5 min). Below this no question is needed.
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _slots = new(options.Connections);
    private readonly ConcurrentStack<SmtpConnection> _idle = [];

    public Task EnterAsync(CancellationToken cancellation) => _slots.WaitAsync(cancellation);

    public void Leave() => _slots.Release();

    /// <summary>A connection that should still be alive, or null where none is idle.</summary>
    public async Task<SmtpConnection?> TakeAsync(CancellationToken cancellation)
    {
        while (_idle.TryPop(out var connection))
        {
            if (connection.IsWornOut)
            {
                connection.Dispose();
                continue;
            }

            if (time.GetElapsedTime(connection.IdleSince) < FreshFor)
                return connection;
            var answers = false;
            try
            {
                answers = await connection.AnswersAsync(cancellation);
                if (answers)
                    return connection;
            }
            finally
            {
                if (!answers)
                    connection.Dispose();
            }
        }

        return null;
    }

    public void Put(SmtpConnection connection)
    {
        connection.IdleSince = time.GetTimestamp();
        _idle.Push(connection);
    }

    public async Task QuitAsync(CancellationToken cancellation)
    {
        while (_idle.TryPop(out var connection))
            await connection.QuitAsync(cancellation);
    }

    public void Dispose()
    {
        while (_idle.TryPop(out var connection))
            connection.Dispose();
        _slots.Dispose();
    }
}
