using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Presences;
using Notifier.Relay.Publish;
using Notifier.Relay.Storage;

namespace Notifier.Relay.Fanout;

/// <summary>
/// Carries what other nodes have accepted, and their signals, to who is connected here: when one rings, and by a poll behind the bell. At the start it reads back
/// who shares a recent conversation.
/// </summary>
internal sealed partial class OtherNodes(
    OtherNodesStore store, Switchboard switchboard, RecentPublications recent, People people, Conversations conversations, FanoutLane lane, ILogger<OtherNodes> log) : BackgroundService
{
    private const int ReadBack = 2000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500), Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        (long Accepted, long Signal)? position = null;
        while (true)
        {
            try
            {
                await using var listening = await store.ListenAsync(stoppingToken);
                position ??= await BeginAsync(stoppingToken);
                while (true)
                {
                    position = await CarryAsync(position.Value, stoppingToken);
                    await listening.WaitAsync(Poll, stoppingToken);
                }
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogAway(log, DatabaseFault.Word(e));
                await Task.Delay(Pause, stoppingToken);
            }
        }
    }

    private async Task<(long Accepted, long Signal)> BeginAsync(CancellationToken cancellation)
    {
        var top = await store.TopAsync(cancellation);
        foreach (var row in await store.RecentAsync(ReadBack, cancellation))
        {
            using var body = JsonDocument.Parse(row.Body);
            var conversation = body.RootElement.GetProperty("conversation").GetString()!;
            var sender = body.RootElement.GetProperty("sender").GetProperty("id").GetString()!;
            lane.Post(() => conversations.Learn(row.Site, conversation, sender, row.Recipients));
        }
        return top;
    }

    private async Task<(long Accepted, long Signal)> CarryAsync((long Accepted, long Signal) position, CancellationToken cancellation)
    {
        var top = await store.TopAsync(cancellation);
        while (position.Accepted < top.Accepted)
        {
            var (rows, behind) = await store.AcceptedAsync(position.Accepted, top.Accepted, cancellation);
            foreach (var row in rows) Publish(row);
            position.Accepted = behind;
        }
        if (position.Signal < top.Signal)
        {
            foreach (var signal in await store.SignalsAsync(position.Signal, top.Signal, cancellation)) Send(signal);
            position.Signal = top.Signal;
        }
        return position;
    }

    private void Publish(AcceptedRow row)
    {
        using var body = JsonDocument.Parse(row.Body);
        var publication = recent.Get(PublishReader.OfAccepted(row.Site, row.Message, row.Recipients, body.RootElement, row.At), out var isNew);
        if (!isNew) return; // published here too
        publication.Admission.Succeed(row.Id, mine: true);
        switchboard.PublishForeign(publication);
    }

    private void Send(SignalRow signal)
    {
        var frame = Frame.Text(signal.Frame);
        foreach (var recipient in signal.Recipients)
            if (people.TryGet(new RecipientKey(signal.Site, recipient), out var person)) person.Send(frame);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The other nodes cannot be heard: the database is away ({Cause})")]
    private static partial void LogAway(ILogger log, string cause);
}
