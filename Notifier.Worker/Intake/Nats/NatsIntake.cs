using System.Diagnostics;
using Microsoft.Extensions.Options;
using NATS.Client.JetStream;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Intake.Nats;

/// <summary>
/// Takes batches from the stream into the inbox. A message is acknowledged after the commit that holds its events, so that whatever is killed in between it comes again, and
/// (source, id) keeps it one. An acknowledgement that gets lost costs another delivery, and is not asked to be confirmed.
/// </summary>
internal sealed partial class NatsIntake(
    IOptions<NatsOptions> servers, IOptions<NatsIntakeOptions> options, NatsDoor door, InboxStore inbox, Backlog backlog, NotifierMetrics metrics, TimeProvider clock, ILogger<NatsIntake> log)
    : BackgroundService
{
    /// <summary>Before something that failed is tried again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>How long one request to the server may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>A pull without a message ends after this; without a heartbeat for two of these, sooner.</summary>
    private static readonly TimeSpan PullFor = TimeSpan.FromSeconds(10), Heartbeat = TimeSpan.FromSeconds(1);

    /// <summary>The class of SQL states that are about the values themselves.</summary>
    private const string DataException = "22";

    private readonly NatsIntakeOptions _options = options.Value;

    /// <summary>Under which the keys of what is refused are kept.</summary>
    private string Source => $"nats:{_options.Stream}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.NatsDoor = door;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ServeAsync(stoppingToken);
            }
            catch (Exception e) when (NatsServers.IsFault(e))
            {
                LogAway(log, e.GetType().Name, e is NatsJSApiException api ? api.Error.Description : null);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFault(log, e);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>On one connection, until something is wrong with it, or with the stream.</summary>
    private async Task ServeAsync(CancellationToken stopping)
    {
        await using var connection = NatsServers.New(servers.Value, "notifier-worker");
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        try
        {
            await connection.ConnectAsync().AsTask().WaitAsync(Patience, clock, stopping);
            var consumer = await NatsStream.ConsumerAsync(connection, _options, stopping).WaitAsync(Patience, clock, stopping);
            door.Open(connection);
            LogOpen(log, _options.Stream, _options.Consumer);
            var lanes = Enumerable.Range(0, _options.Lanes).Select(_ => TakeAsync(consumer, ending.Token)).ToArray();
            var first = await Task.WhenAny(lanes); // one that ends ends all
            await ending.CancelAsync();
            await Task.WhenAll(lanes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first;
        }
        finally
        {
            door.Close();
        }
    }

    private async Task TakeAsync(INatsJSConsumer consumer, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await backlog.IsFullAsync(stop))
            {
                await Task.Delay(Pause, clock, stop); // what waits in the stream waits there
                continue;
            }
            var batch = await FetchAsync(consumer, stop).WaitAsync(stop);
            var kept = true;
            foreach (var part in Parts(batch)) kept &= await KeepAsync(part);
            if (!kept) await Task.Delay(Pause, clock, stop);
        }
    }

    /// <summary>What there is, at once; where there is nothing, the first message that comes.</summary>
    private async Task<List<INatsJSMsg<byte[]>>> FetchAsync(INatsJSConsumer consumer, CancellationToken stop)
    {
        var batch = new List<INatsJSMsg<byte[]>>();
        await foreach (var message in consumer.FetchNoWaitAsync<byte[]>(new NatsJSFetchOpts { MaxMsgs = _options.BatchSize, Expires = PullFor, IdleHeartbeat = Heartbeat }, cancellationToken: stop))
            batch.Add(message);
        if (batch.Count > 0) door.Pending = (long?)batch[^1].Metadata?.NumPending;
        if (batch.Count > 0) return batch;

        var from = clock.GetTimestamp();
        if (await consumer.NextAsync<byte[]>(opts: new NatsJSNextOpts { Expires = PullFor, IdleHeartbeat = Heartbeat }, cancellationToken: stop) is { } first) return [first];
        await consumer.RefreshAsync(stop).AsTask().WaitAsync(Patience, clock, stop); // fails where the consumer, or the server, is gone
        door.Pending = (long)consumer.Info.NumPending;
        if (clock.GetElapsedTime(from) < Heartbeat) await Task.Delay(Heartbeat, clock, stop); // refused at once, for whatever reason: not in a circle
        return batch;
    }

    /// <summary>As much as one request brings, or a little more, to a commit.</summary>
    private static IEnumerable<List<INatsJSMsg<byte[]>>> Parts(List<INatsJSMsg<byte[]>> batch)
    {
        for (var (from, to, size) = (0, 0, 0); from < batch.Count; (from, size) = (to, 0))
        {
            while (to < batch.Count && size < IntakeEndpoints.MaxBytes) size += batch[to++].Size;
            yield return batch[from..to];
        }
    }

    /// <returns>False: it was handed back.</returns>
    private async Task<bool> KeepAsync(List<INatsJSMsg<byte[]>> batch)
    {
        var from = clock.GetUtcNow();
        var events = new ReceivedEvents();
        foreach (var message in batch) events.Add(message.Subject, message.Data ?? [], Key(message), from);
        try
        {
            // Not ended by the stopping: what was taken is carried to its end.
            await inbox.AcceptAsync(events.Arrivals, Source, events.Refused, CancellationToken.None);
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogDatabaseAway(log, DatabaseFault.Word(e));
            metrics.FromNats("returned", batch.Count);
            await AnswerAsync(batch, m => m.NakAsync(new AckOpts { NakDelay = Pause }));
            return false;
        }
        catch (PostgresException e) when (e.SqlState.StartsWith(DataException, StringComparison.Ordinal))
        {
            return await KeepOneByOneAsync(batch, e.SqlState);
        }
        foreach (var (type, count) in events.Types) metrics.Received(type, count);
        foreach (var trace in events.Traces) Tracing.Start("notifier.accept", ActivityKind.Consumer, trace, from)?.Dispose();
        metrics.FromNats("stored", batch.Count);
        foreach (var (reason, count) in events.Refused.CountBy(r => r.Letter.Reason)) metrics.RefusedFromNats(reason, count);
        if (events.Refused.Count > 0) LogRefused(log, events.Refused.Count, string.Join(", ", events.Refused.Select(r => r.Letter.Reason).Distinct()));
        await AnswerAsync(batch, m => m.AckAsync());
        return true;
    }

    /// <summary>One of them holds what PostgreSQL cannot keep, by a mistake of ours: it must not hold up the others.</summary>
    private async Task<bool> KeepOneByOneAsync(List<INatsJSMsg<byte[]>> batch, string state)
    {
        if (batch is [var one])
        {
            LogUnkeepable(log, state);
            var letter = new DeadLetter(null, "event", null, null, "undecidable", $"PostgreSQL refuses it ({state})", Convert.ToBase64String(one.Data ?? []));
            await inbox.AcceptAsync([], Source, [(Key(one), letter)], CancellationToken.None);
            await AnswerAsync(batch, m => m.AckAsync());
            return true;
        }
        var all = true;
        foreach (var message in batch) all &= await KeepAsync([message]);
        return all;
    }

    private async Task AnswerAsync(List<INatsJSMsg<byte[]>> batch, Func<INatsJSMsg<byte[]>, ValueTask> answer)
    {
        async Task AllAsync()
        {
            foreach (var message in batch) await answer(message);
        }
        await AllAsync().WaitAsync(Patience, clock); // a connection that is gone waits for the next: then it comes again by itself
    }

    /// <summary>Of a stream that was made anew, the numbers begin anew, and the times do not.</summary>
    private static string Key(INatsJSMsg<byte[]> message) => message.Metadata is { } m ? $"{m.Sequence.Stream}:{m.Timestamp.UtcTicks}" : $"{Guid.NewGuid()}";

    [LoggerMessage(Level = LogLevel.Information, Message = "Events are taken from the NATS stream {Stream} by its consumer {Consumer}")]
    private static partial void LogOpen(ILogger log, string stream, string consumer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events cannot be taken from NATS ({Cause}) {Detail}; tried again")]
    private static partial void LogAway(ILogger log, string cause, string? detail);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events were handed back to NATS: the database is away ({Cause})")]
    private static partial void LogDatabaseAway(ILogger log, string cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} events from NATS were set aside as dead letters ({Reasons})")]
    private static partial void LogRefused(ILogger log, int count, string reasons);

    [LoggerMessage(Level = LogLevel.Error, Message = "A message from NATS could not be kept ({State}); it was set aside as a dead letter")]
    private static partial void LogUnkeepable(ILogger log, string state);

    [LoggerMessage(Level = LogLevel.Error, Message = "Events could not be taken from NATS; tried again")]
    private static partial void LogFault(ILogger log, Exception e);
}
