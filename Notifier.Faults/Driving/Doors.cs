using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;

namespace Notifier.Faults.Driving;

/// <summary>The doors for events: every worker's, and the one beside the database.</summary>
internal sealed class Doors : IDisposable
{
    public const string Key = "a-key-for-the-faults";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly HttpClient _http = new() { Timeout = Patience };
    private readonly IReadOnlyList<Uri> _workers;
    private readonly NpgsqlDataSource _database;

    public Doors(IReadOnlyList<Uri> workers, NpgsqlDataSource database)
    {
        (_workers, _database) = (workers, database);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    /// <returns>How many were new; null: nothing is known, try again.</returns>
    public async Task<int?> TryAsync(string body, bool sql, int attempt, CancellationToken stop)
    {
        try
        {
            return sql ? await PublishAsync(body, stop) : await PostAsync(_workers[(attempt + body.Length) % _workers.Count], body, stop);
        }
        catch (Exception e) when (e is NpgsqlException or HttpRequestException or TaskCanceledException or IOException && !stop.IsCancellationRequested)
        {
            return null;
        }
    }

    public async Task PutAsync(string path, object body)
    {
        using var patient = new HttpClient { DefaultRequestHeaders = { Authorization = _http.DefaultRequestHeaders.Authorization } };
        using var answer = await patient.PutAsJsonAsync(new Uri(_workers[0], path), body);
        if (answer.StatusCode != HttpStatusCode.NoContent) throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    public void Dispose() => _http.Dispose();

    private async Task<int?> PostAsync(Uri worker, string body, CancellationToken stop)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/cloudevents+json");
        using var answer = await _http.PostAsync(new Uri(worker, "/v1/events"), content, stop);
        var said = await answer.Content.ReadAsStringAsync(stop);
        return answer.StatusCode switch
        {
            HttpStatusCode.Accepted => JsonNode.Parse(said)!["accepted"]!.GetValue<int>(),
            HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => null,
            _ => throw new InvalidOperationException($"the event was refused: {(int)answer.StatusCode} {said}"),
        };
    }

    private async Task<int?> PublishAsync(string body, CancellationToken stop)
    {
        await using var command = _database.CreateCommand("SELECT notifier.publish($1::jsonb)");
        command.Parameters.AddWithValue(body);
        command.CommandTimeout = (int)Patience.TotalSeconds;
        return (int)(await command.ExecuteScalarAsync(stop))!;
    }
}
