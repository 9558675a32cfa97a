using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Ids of escalations, drawn from their sequence ahead of need: one that is not used, because its turn did not commit or its worker ended, is missed by nobody.</summary>
internal sealed class EscalationIds
{
    private const int AtOnce = 1000;

    private readonly Lock _lock = new();
    private readonly Queue<long> _drawn = [];

    public async Task<Queue<long>> TakeAsync(NpgsqlConnection connection, int count, CancellationToken cancellation)
    {
        var taken = new Queue<long>(count);
        lock (_lock)
            while (taken.Count < count && _drawn.TryDequeue(out var id)) taken.Enqueue(id);
        if (taken.Count == count) return taken;

        await using var command = new NpgsqlCommand("SELECT nextval('notifier.escalation_id') FROM generate_series(1, $1)", connection) { Parameters = { new() { Value = AtOnce + count - taken.Count } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (taken.Count < count && await reader.ReadAsync(cancellation)) taken.Enqueue(reader.GetInt64(0));
        var more = new List<long>(AtOnce);
        while (await reader.ReadAsync(cancellation)) more.Add(reader.GetInt64(0));
        lock (_lock)
            foreach (var id in more) _drawn.Enqueue(id);
        return taken;
    }
}
