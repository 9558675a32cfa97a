using Microsoft.Extensions.Options;
using Notifier.Worker.Escalation;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Email;

/// <summary>What happens when an alarm rings: the rungs that are due are decided, then every email that waits is sent. Any number of alarms may do so at once.</summary>
internal sealed partial class EmailDelivery(
    DueStore due, SiteDirectory sites, EscalationProcessor processor, EmailAttemptStore attempts, EmailSender sender, MailLanes lanes, IOptions<EmailOptions> options, ILogger<EmailDelivery> log)
{
    private const int PeopleAtOnce = 200;

    /// <summary>What one turn holds no lane can be at.</summary>
    private const int ShardsATurn = 8;

    // Of all that one alarm has claimed, also to the sites' own mail servers: what is claimed nobody else sends meanwhile.
    private const int EmailsAtOnce = 64;

    public async Task RunAsync(DateTimeOffset slot, CancellationToken cancellation)
    {
        await sites.LoadedAsync(cancellation);
        // First: whoever finds something due from now on may set the alarm anew.
        await attempts.ForgetAlarmAsync(slot, cancellation);
        foreach (var shards in (await due.ShardsWithEmailDueAsync(cancellation)).Chunk(ShardsATurn)) await DecideAsync(shards, cancellation);
        await DrainAsync(cancellation);
    }

    private async Task DecideAsync(IEnumerable<short> shards, CancellationToken cancellation)
    {
        var left = shards.ToList();
        try
        {
            while (left.Count > 0)
            {
                var done = await processor.EmailsTurnAsync(left, PeopleAtOnce, cancellation);
                left.RemoveAll(done.Contains);
            }
        }
        catch (Exception e) when (!DatabaseFault.Passes(e) && e is not OperationCanceledException)
        {
            // One person's email that cannot be decided must not hold up the others'.
            LogTurnFailed(log, string.Join(", ", left), e);
            foreach (var shard in left) await OneByOneAsync(shard, cancellation);
        }
    }

    private async Task OneByOneAsync(short shard, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if ((await processor.EmailsTurnAsync([shard], 1, cancellation)).Count > 0) return;
            }
            catch (Exception one) when (!DatabaseFault.Passes(one) && one is not OperationCanceledException)
            {
                await due.PostponeEmailAsync(shard, cancellation);
            }
        }
    }

    private async Task DrainAsync(CancellationToken cancellation)
    {
        // Twice as many as there are connections: one is composed while another is sent. What waits for its domain, or goes to a site's own server, takes none of these places.
        var connections = options.Value.Connections;
        var underWay = new List<Sending>();
        string[] down = [];
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var begun = (await attempts.ClaimAsync(Room(), [.. lanes.Full, .. down], sites.WithMailServer, cancellation)).ConvertAll(Begin);
                underWay.AddRange(begun);
                if (underWay.Count == 0) return;
                if (begun.Exists(b => !b.Place.IsAtOurs) && Room() >= connections) continue;
                do
                {
                    var ended = await Task.WhenAny(underWay.Select(s => s.Outcome));
                    underWay.RemoveAll(s => s.Outcome == ended);
                    switch (await ended)
                    {
                        case SendEnd.DatabaseAway: return;
                        // What it gave back has its own alarm; going on would only ask it again. The sites with a mail server of their own do not wait for that.
                        case SendEnd.OurServerDown: down = [MailLanes.Ours]; break;
                    }
                }
                while (Room() < connections);
            }
        }
        finally
        {
            await Task.WhenAll(underWay.Select(s => s.Outcome));
        }

        int Room() => Math.Max(0, Math.Min((2 * connections) - underWay.Count(s => s.Place.IsAtOurs), EmailsAtOnce - underWay.Count));

        Sending Begin(ClaimedEmail email)
        {
            var place = lanes.Ask(email);
            return new Sending(place, sender.SendAsync(email, place, cancellation));
        }
    }

    private readonly record struct Sending(MailLanes.Place Place, Task<SendEnd> Outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "The emails due in the shards {Shards} could not be decided together; going through them one by one")]
    private static partial void LogTurnFailed(ILogger log, string shards, Exception exception);
}
