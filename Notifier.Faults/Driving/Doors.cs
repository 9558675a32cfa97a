using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using NATS.Client.Core;
using Notifier.Faults.Stage;
using Npgsql;

namespace Notifier.Faults.Driving;

/// <summary>By which door something comes in.</summary>
internal enum Way
{
    /// <summary>A worker's <c>POST /v1/events</c>; with NATS among the cast, its stream.</summary>
    Events,

    /// <summary><c>notifier.publish</c>.</summary>
    Sql,

    /// <summary>A relay's <c>POST /v1/publish</c>.</summary>
    Relay,
}

/// <summary>All doors of a cast: each try is at the next of its kind.</summary>
internal sealed class Doors : IDisposable
{
    public const string Key = "a-key-for-the-faults";

    private const int Attempts = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly HttpClient _http = new() { Timeout = Patience };
    private readonly Cast _cast;

    public Doors(Cast cast)
    {
        _cast = cast;
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    /// <summary>Messages go to a relay, where there are some.</summary>
    public bool HasRelays => _cast.Relays.Count > 0;

    /// <returns>How many were new, as far as the door says; null: nothing is known, try again.</returns>
    public async Task<int?> TryAsync(Way way, string body, int attempt, CancellationToken stop)
    {
        try
        {
            return way switch
            {
                Way.Sql => await PublishAsync(body, stop),
                Way.Relay => await PostAsync(Next(_cast.Relays), "/v1/publish", "application/json", body, stop),
                _ when _cast.Stream is { } stream => await StreamAsync(stream, body, stop),
                _ => await PostAsync(Next(_cast.Workers), "/v1/events", "application/cloudevents+json", body, stop),
            };
        }
        catch (Exception e) when (e is NpgsqlException or HttpRequestException or NatsException or OperationCanceledException or IOException && !stop.IsCancellationRequested)
        {
            return null;
        }

        Uri Next(IReadOnlyList<Service> services) => services[(attempt + body.Length) % services.Count].Address;
    }

    /// <summary>Before the load: a database that takes its time is waited for.</summary>
    public async Task PutAsync(string path, object body)
    {
        using var patient = new HttpClient { DefaultRequestHeaders = { Authorization = _http.DefaultRequestHeaders.Authorization } };
        for (var left = Attempts; ; left--)
        {
            using var answer = await patient.PutAsJsonAsync(new Uri(_cast.Workers[0].Address, path), body);
            if (answer.StatusCode == HttpStatusCode.NoContent) return;
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || left == 0) throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            await Task.Delay(500);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<int?> PostAsync(Uri service, string path, string type, string body, CancellationToken stop)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var answer = await _http.PostAsync(new Uri(service, path), content, stop);
        var said = await answer.Content.ReadAsStringAsync(stop);
        return answer.StatusCode switch
        {
            HttpStatusCode.Accepted => JsonNode.Parse(said)!["accepted"]!.GetValue<int>(),
            HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => null,
            _ => throw new InvalidOperationException($"it was refused: {(int)answer.StatusCode} {said}"),
        };
    }

    private async Task<int?> PublishAsync(string body, CancellationToken stop)
    {
        await using var command = _cast.Database.CreateCommand("SELECT notifier.publish($1::jsonb)");
        command.Parameters.AddWithValue(body);
        command.CommandTimeout = (int)Patience.TotalSeconds;
        return (int)(await command.ExecuteScalarAsync(stop))!;
    }

    /// <summary>A stream does not say what is new.</summary>
    private static async Task<int?> StreamAsync(EventStream stream, string body, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        await stream.PublishAsync(body, patience.Token);
        return 0;
    }
}
