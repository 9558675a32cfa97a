using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Email;

/// <summary>What an admin says of an email that was parked: to be sent after all. (To be given up, it is cancelled like any other.)</summary>
internal sealed class ParkedEmails(NpgsqlDataSource database, EmailAlarms alarms)
{
    /// <returns>False: it is not parked any more.</returns>
    public async Task<bool> SendAgainAsync(Guid email, CancellationToken cancellation)
    {
        using var scope = Transactions.Begin();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        if (await EmailAttemptStore.ResumeAsync(connection, email, cancellation) is not { } now) return false;
        await alarms.SetAsync(connection, [now], now, cancellation);
        scope.Complete();
        return true;
    }
}
