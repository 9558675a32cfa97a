using System.Text.Json.Serialization;
using Hangfire;
using Notifier.Worker.Intake.Nats;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Operations;

/// <summary>Whether this worker can do its work: what <c>/health/ready</c> says. Never why in a server's own words, which may name hosts and users.</summary>
internal sealed class Readiness(NpgsqlDataSource database, JobStorage hangfire, NatsDoor? nats = null)
{
    /// <summary>A probe waits no longer; one that hangs says no less than one that fails.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public async Task<Report> CheckAsync(CancellationToken cancellation)
    {
        var migrated = await WithPatience(token => Migrator.IsCurrentAsync(database, token), cancellation);
        if (migrated is not true) return new Report(false, migrated is null ? "unreachable" : "not migrated", "unknown", Nats);

        // Hangfire knows no tokens: the call is left behind, and ends by its connection's own timeout.
        var answered = await WithPatience(async token => await Task.Run(() => hangfire.GetMonitoringApi().Servers().Count >= 0, token).WaitAsync(token), cancellation);
        return new Report(answered is true, "ok", answered is true ? "ok" : "unreachable", Nats);
    }

    private string? Nats => nats is null ? null : nats.IsOpen ? "ok" : "unreachable";

    /// <returns>The answer; null: none.</returns>
    private static async Task<bool?> WithPatience(Func<CancellationToken, Task<bool>> ask, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            return await ask(patience.Token);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <param name="Ready">Whether to send requests here. With NATS away everything else goes on, and so does the door for requests.</param>
    /// <param name="Nats">Null: no door of ours.</param>
    internal sealed record Report(
        bool Ready, string Database, string Hangfire, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Nats);
}
