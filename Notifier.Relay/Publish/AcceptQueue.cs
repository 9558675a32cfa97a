using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Notifier.Relay.Fanout;
using Notifier.Relay.Fanout.Nats;
using Notifier.Relay.Outcomes;
using Notifier.Relay.Storage;

namespace Notifier.Relay.Publish;

/// <summary>Messages on their way into the database. What comes while a group is being committed makes up the next one, so nobody waits for a timer.</summary>
internal sealed partial class AcceptQueue(AcceptStore store, Reports reports, Switchboard switchboard, IOptions<RelayOptions> options, ILogger<AcceptQueue> log, NatsFanout? nats = null) : BackgroundService
{
    private const int GroupSize = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Channel<Publication> _waiting = Channel.CreateUnbounded<Publication>(new UnboundedChannelOptions { SingleReader = true });
    private int _count;

    public bool HasRoom(int messages) => Volatile.Read(ref _count) + messages <= options.Value.MaxWaiting;

    /// <summary>Its <see cref="Publication.Admission"/> says how it ends.</summary>
    public void Add(Publication publication)
    {
        Interlocked.Increment(ref _count);
        if (!_waiting.Writer.TryWrite(publication)) publication.Admission.Fail(AdmissionResult.Away);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Not ended by the stopping: what was taken is carried to its end, and the door is shut before.
        while (await _waiting.Reader.WaitToReadAsync(CancellationToken.None))
        {
            var group = new List<Publication>();
            while (group.Count < GroupSize && _waiting.Reader.TryRead(out var publication)) group.Add(publication);
            await AcceptAsync(group);
            Interlocked.Add(ref _count, -group.Count);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _waiting.Writer.TryComplete();
        if (ExecuteTask is { } task) await task.WaitAsync(cancellationToken);
        await base.StopAsync(cancellationToken);
    }

    private async Task AcceptAsync(List<Publication> group)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            var rows = await store.AcceptAsync(group, patience.Token);
            foreach (var publication in group)
            {
                var (id, mine) = rows[(publication.Message.Site, publication.Message.Id)];
                foreach (var outcome in publication.Admission.Succeed(id, mine)) reports.Add(outcome);
            }
            switchboard.Accepted(rows.Values.Select(r => r.Id).ToHashSet());
            nats?.Send(group.Select(p => (Row: rows[(p.Message.Site, p.Message.Id)], p.Message)).Where(p => p.Row.Mine).Select(p => (p.Row.Id, p.Message)));
        }
        catch (Exception e)
        {
            if (DatabaseFault.Passes(e) || e is OperationCanceledException) LogAway(log, DatabaseFault.Word(e));
            else LogFault(log, e);
            foreach (var publication in group) publication.Admission.Fail(AdmissionResult.Away);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages were not accepted: the database is away ({Cause})")]
    private static partial void LogAway(ILogger log, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "Messages could not be accepted")]
    private static partial void LogFault(ILogger log, Exception e);
}
