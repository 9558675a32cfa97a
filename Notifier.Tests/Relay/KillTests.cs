using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>A relay that is killed while it works. Nothing that was accepted is without an outcome afterwards, and nothing has two.</summary>
public sealed class KillTests(PostgresCluster cluster)
{
    private const int Kills = 20, People = 20;

    [Fact]
    public async Task Killed_twenty_times_under_load_every_accepted_pair_has_exactly_one_first_outcome()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        var settings = RelayHost.ProcessSettings(database);
        var accepted = new ConcurrentBag<string>();
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var relay = await ServiceProcess.StartRelayAsync(settings);
            var clients = await Task.WhenAll(Enumerable.Range(0, People).Select(i => RelayClient.ConnectAsync(relay.Client.BaseAddress!, $"u-{i}")));
            var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var load = Enumerable.Range(0, 4).Select(lane => PublishAsync(relay.Client, $"k-{kill}-{lane}", accepted, half, 25 + 10 * (kill % 3))).ToArray();
            foreach (var client in clients) client.Acknowledges = true;
            await half.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            relay.KillHard();
            await Task.WhenAll(load);
            foreach (var client in clients) await client.DisposeAsync();
        }

        // What the worker does with each second.
        await database.AdvanceAsync(TimeSpan.FromSeconds(11));
        await database.ExecuteAsync("DO $$ BEGIN WHILE relay.sweep(1000) > 0 LOOP END LOOP; END $$");

        var missing = await database.ListAsync<string>("SELECT unnest($1::text[]) EXCEPT SELECT message FROM relay.accepted", [accepted.ToArray()]);
        Assert.Empty(missing); // each 202 was true
        Assert.True(accepted.Count >= Kills * 25, $"only {accepted.Count} messages were accepted");
        Assert.Empty(await database.ListAsync<string>(
            """
            WITH told AS (
              SELECT i.body::jsonb #>> '{data,message,id}' AS message, r ->> 'id' AS person, count(*) FILTER (WHERE i.event_id NOT LIKE '%:late:%') AS firsts
              FROM notifier.inbox i, jsonb_array_elements(i.body::jsonb #> '{data,recipients}') r WHERE i.body::jsonb ->> 'type' = 'message.outcome' GROUP BY 1, 2)
            SELECT concat_ws(' ', a.message, p, coalesce(t.firsts, 0)) FROM relay.accepted a CROSS JOIN unnest(a.recipients) p
            LEFT JOIN told t ON t.message = a.message AND t.person = p WHERE coalesce(t.firsts, 0) <> 1
            """));
    }

    /// <summary>Publishes one after the other until the relay is gone.</summary>
    private static async Task PublishAsync(HttpClient http, string prefix, ConcurrentBag<string> accepted, TaskCompletionSource half, int enough)
    {
        string[] to = [.. Enumerable.Range(0, People).Select(i => $"u-{i}"), "nobody-1", "nobody-2"];
        try
        {
            for (var n = 0; ; n++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/publish") { Content = new StringContent(RelayHost.Message($"{prefix}-{n}", to), Encoding.UTF8, "application/json") };
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RelayHost.Key);
                using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
                if ((int)answer.StatusCode == 202) accepted.Add($"{prefix}-{n}");
                if (n == enough) half.TrySetResult();
            }
        }
        catch (HttpRequestException)
        {
            // Killed.
        }
    }
}
