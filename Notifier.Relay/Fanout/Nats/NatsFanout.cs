using System.Threading.Channels;
using Microsoft.Extensions.Options;
using NATS.Client.Core;
using Notifier.Relay.Outcomes;
using Notifier.Relay.Publish;
using Notifier.Relay.Storage;

namespace Notifier.Relay.Fanout.Nats;

/// <summary>
/// Carries what this node has accepted, and its signals, to the other nodes at once, over core NATS: at most once. What one misses it reads from the database (<see cref="OtherNodes"/>),
/// so nothing here waits, and nothing is said twice.
/// </summary>
internal sealed partial class NatsFanout(IOptions<NatsOptions> servers, IOptions<RelayOptions> options, OtherNodesStore store, TimeProvider clock, ILogger<NatsFanout> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(5);

    /// <summary>A signal that has waited longer is worth nothing.</summary>
    private static readonly TimeSpan Worthless = TimeSpan.FromSeconds(2);

    /// <summary>What waits for a server that does not read. Beyond it nothing more is put there.</summary>
    private const int Most = 10_000;

    private readonly record struct Parcel(string Subject, byte[] Data, long At);

    private readonly Channel<Parcel> _out = Channel.CreateBounded<Parcel>(new BoundedChannelOptions(Most) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private volatile NatsConnection? _connection;
    private volatile bool _isRefused;
    private long _last;

    /// <summary>Whether others hear this node, and it hears them.</summary>
    public bool Carries => !_isRefused && _connection?.ConnectionState == NatsConnectionState.Open;

    /// <summary><see cref="Carries"/> may be another now.</summary>
    public event Action? Changed;

    public event Action<AcceptedGroup>? Accepted;

    public event Action<SignalRow>? Signalled;

    /// <summary>A group of this node is in the database. One at a time.</summary>
    /// <param name="messages">Those of this node.</param>
    public void Send(IEnumerable<(long Row, PublishedMessage Message)> messages)
    {
        var news = messages.Where(m => m.Row > _last).OrderBy(m => m.Row).ToList(); // what is repeated was said
        if (news.Count == 0) return;
        var behind = _last;
        _last = news[^1].Row;
        if (!Carries || _connection is not { } connection) return;
        foreach (var data in NodeMessages.Accepted(behind, news, connection.ServerInfo?.MaxPayload ?? 1024 * 1024)) Put("accepted", data);
    }

    public void Send(Signal signal)
    {
        foreach (var data in NodeMessages.Signal(signal)) Put("signal", data);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ServeAsync(stoppingToken);
            }
            catch (Exception e) when (NatsServers.IsFault(e) || DatabaseFault.Passes(e))
            {
                LogAway(log, e.GetType().Name);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>On one connection, which comes back by itself, with its subscription.</summary>
    private async Task ServeAsync(CancellationToken stopping)
    {
        // Rows and ids mean something within one database only.
        var space = $"{options.Value.NatsSubject}.{await store.NameAsync(stopping)}";
        await using var connection = NatsServers.New(servers.Value, "notifier-relay");
        _isRefused = false;
        connection.ServerError += (_, e) => RefuseAsync(e.Error);
        try
        {
            await connection.ConnectAsync().AsTask().WaitAsync(Patience, clock, stopping);
            await using var heard = await connection.SubscribeCoreAsync<byte[]>($"{space}.*", cancellationToken: stopping);
            await connection.PingAsync(stopping).AsTask().WaitAsync(Patience, clock, stopping); // the server knows of it by now
            connection.ConnectionOpened += (_, _) => Tell();
            connection.ConnectionDisconnected += (_, _) => Tell();
            _connection = connection;
            await Tell();
            var (hearing, saying) = (HearAsync(heard, stopping), SayAsync(connection, space, stopping));
            await await Task.WhenAny(hearing, saying);
        }
        finally
        {
            _connection = null;
            await Tell();
        }
    }

    private async Task HearAsync(INatsSub<byte[]> heard, CancellationToken stopping)
    {
        await foreach (var message in heard.Msgs.ReadAllAsync(stopping))
        {
            if (message.Data is not { } data) continue;
            try
            {
                if (message.Subject.EndsWith(".accepted", StringComparison.Ordinal)) Accepted?.Invoke(NodeMessages.ReadAccepted(data));
                else Signalled?.Invoke(NodeMessages.ReadSignal(data));
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or System.Text.Json.JsonException)
            {
                LogUnreadable(log, e);
            }
        }
    }

    private async Task SayAsync(NatsConnection connection, string space, CancellationToken stopping)
    {
        await foreach (var parcel in _out.Reader.ReadAllAsync(stopping))
        {
            if (parcel.Subject == "signal" && clock.GetElapsedTime(parcel.At) > Worthless) continue;
            await connection.PublishAsync($"{space}.{parcel.Subject}", parcel.Data, cancellationToken: stopping).AsTask().WaitAsync(stopping);
        }
    }

    private void Put(string subject, byte[] data) => _out.Writer.TryWrite(new Parcel(subject, data, clock.GetTimestamp()));

    /// <summary>A server that lets us in, and not at our subjects, goes on as though nothing were.</summary>
    private ValueTask RefuseAsync(string error)
    {
        LogRefused(log, error);
        _isRefused = true;
        return Tell();
    }

    private ValueTask Tell()
    {
        LogState(log, Carries ? "is open" : "is away; the other nodes are heard by way of the database");
        Changed?.Invoke();
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The fan-out over NATS {State}")]
    private static partial void LogState(ILogger log, string state);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The other nodes cannot be reached over NATS ({Cause}); tried again")]
    private static partial void LogAway(ILogger log, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "The NATS server refuses what the fan-out needs: {Error}")]
    private static partial void LogRefused(ILogger log, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "What another node said over NATS cannot be read, and is passed over")]
    private static partial void LogUnreadable(ILogger log, Exception e);
}
