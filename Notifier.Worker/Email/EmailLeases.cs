using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Email;

/// <summary>
/// Renews the claims on all emails under way, every third of their lease. What is not renewed another worker may take over, and the fence keeps us from saying anything more.
/// </summary>
internal sealed partial class EmailLeases(EmailAttemptStore attempts, IOptions<EmailOptions> options, TimeProvider clock, ILogger<EmailLeases> log) : BackgroundService
{
    private readonly ConcurrentDictionary<ClaimedEmail, ClaimedEmail> _held = new(ReferenceEqualityComparer.Instance);

    public void Hold(ClaimedEmail email) => _held[email] = email;

    public void LetGo(ClaimedEmail email) => _held.TryRemove(email, out _);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Lease / 3, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (_held.IsEmpty) continue;
            try
            {
                await attempts.RenewAsync([.. _held.Keys], stoppingToken);
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogDatabase(log, DatabaseFault.Word(e));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The claims on emails under way could not be renewed ({Cause})")]
    private static partial void LogDatabase(ILogger log, string cause);
}
