using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.States;
using Notifier.Domain.WebPush;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email;
using Notifier.Worker.Operations;
using Npgsql;

namespace Notifier.Tests.EndToEnd;

/// <summary>All parts of the ladder for one test class, each of them real: the worker as a process, PostgreSQL, an SMTP server, a push service. Time passes by the database's clock.</summary>
public class Stage(PostgresCluster cluster) : IAsyncLifetime
{
    /// <summary>For what should happen at once: long enough for a machine that is busy with other tests.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private const string Key = "a-key-for-the-tests";
    private static int _names;

    private readonly VapidKeys _keys = VapidKeys.Generate(); // the same after a restart: devices are bound to them

    public TestDatabase Database { get; private set; } = null!;
    public SmtpOracle Mail { get; private set; } = null!;
    public PushServiceStage Push { get; private set; } = null!;
    public ServiceProcess Worker { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Database = await cluster.CreateDatabaseAsync();
        Mail = await StartMailAsync();
        Push = await PushServiceStage.StartAsync();
        Worker = await StartWorkerAsync();
    }

    protected virtual Task<SmtpOracle> StartMailAsync() => SmtpOracle.StartAsync();

    public async Task<ServiceProcess> StartWorkerAsync()
    {
        var worker = await ServiceProcess.StartWorkerAsync(Settings());
        worker.Client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        return worker;
    }

    /// <summary>One of the worker's commands, with the settings of the worker.</summary>
    public Task<(int Status, string Output)> RunCommandAsync(params string[] arguments) => ServiceProcess.RunAsync(Settings(), arguments);

    /// <summary>A command that changes what a worker only reads.</summary>
    public Task<(int Status, string Output)> RunAsOwnerAsync(params string[] arguments) =>
        ServiceProcess.RunAsync(new Dictionary<string, string>(Settings()) { ["ConnectionStrings__Notifier"] = Database.ConnectionString }, arguments);

    protected virtual Dictionary<string, string> Settings()
    {
        return new Dictionary<string, string>
        {
            ["ConnectionStrings__Notifier"] = Database.WorkerConnectionString,
            ["Intake__ApiKeys__0"] = Key,
            ["Email__Host"] = "127.0.0.1",
            ["Email__Port"] = $"{Mail.Port}",
            ["Email__Security"] = "None",
            ["Email__From"] = "Acme <hello@acme.example>",
            ["Links__BaseUrl"] = "http://127.0.0.1:5080",
            ["Links__SigningKey"] = "a signing key of forty characters, no less",
            ["WebPush__PublicKey"] = _keys.PublicKey,
            ["WebPush__PrivateKey"] = _keys.PrivateKey,
            ["WebPush__Subject"] = "mailto:push@acme.example",
            ["WebPush__AllowLoopback"] = "true",
        };
    }

    /// <summary>As after a kill -9: a new process, the same database.</summary>
    public async Task RestartWorkerAsync()
    {
        await Worker.DisposeAsync();
        Worker = await StartWorkerAsync();
    }

    /// <summary>A person of their own, so that tests do not meet.</summary>
    public async Task<Person> PersonAsync(bool address = true, bool device = true, object? preferences = null)
    {
        var id = $"u-{Interlocked.Increment(ref _names)}";
        await PutAsync($"/v1/sites/acme/recipients/{id}", new { email = address ? $"{id}@example.org" : null, name = id, preferences = preferences ?? new { } });
        var person = new Person(this, id, $"{id}@example.org");
        if (device) await person.RegisterDeviceAsync();
        return person;
    }

    public async Task PutAsync(string path, object body)
    {
        using var answer = await Worker.Client.PutAsJsonAsync(path, body);
        Assert.True(answer.StatusCode == HttpStatusCode.NoContent, $"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Publishes events, and returns when they are decided.</summary>
    public async Task PublishAsync(params object[] events)
    {
        await SendAsync(events);
        await DecidedAsync();
    }

    /// <summary>Hands events over at the door of this stage, and returns when they are safe there.</summary>
    public virtual async Task SendAsync(params object[] events)
    {
        using var answer = await Worker.Client.PostAsJsonAsync("/v1/events", events);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Waits until the inbox is empty, and nothing that is due on the push rung is undecided.</summary>
    public virtual Task DecidedAsync() => Database.WaitUntilAsync(
        "SELECT NOT EXISTS (SELECT FROM notifier.inbox) AND NOT EXISTS (SELECT FROM notifier.escalation WHERE push_at <= notifier.now())", Soon, "every event and push rung decided");

    /// <summary>Lets time pass, and rings the alarms that were set for it: Hangfire's own clock does not know of our hours.</summary>
    public async Task AdvanceAsync(TimeSpan by)
    {
        await Database.AdvanceAsync(by);
        await DecidedAsync();
        await RingAsync();
        await Database.WaitUntilAsync(
            "SELECT NOT EXISTS (SELECT FROM notifier.escalation WHERE email_at <= notifier.now())", Soon, "every email rung that is due decided");
    }

    /// <summary>
    /// Has Hangfire run the jobs that are scheduled for a time that has come by the database's clock. Slots are rounded up, so what is due may have its
    /// alarm up to a minute from now: that it has one is checked, and it is not waited for.
    /// </summary>
    public async Task RingAsync()
    {
        const string scheduled = "SELECT j.id, to_timestamp((j.arguments::jsonb ->> 0)::bigint) AS slot FROM hangfire.job j WHERE j.statename = 'Scheduled'";
        var client = new BackgroundJobClient(new PostgreSqlStorage(new DataSourceConnections(Database.DataSource), HangfireRegistration.Options(new AlarmOptions())));
        foreach (var id in await Database.ListAsync<long>($"SELECT id FROM ({scheduled}) AS s WHERE slot <= notifier.now()"))
            client.ChangeState($"{id}", new EnqueuedState(HangfireRegistration.EmailQueue), ScheduledState.StateName);

        var (due, alarmed) = (await Database.ListAsync<bool>(
            $"""
            SELECT EXISTS (SELECT FROM ({scheduled}) AS s WHERE slot BETWEEN e.email_at AND greatest(e.email_at, notifier.now()) + interval '1 minute')
                OR EXISTS (SELECT FROM hangfire.job WHERE statename IN ('Enqueued', 'Processing'))
            FROM notifier.escalation e WHERE email_at <= notifier.now()
            """)) is var all ? (all.Count, all.Count(a => a)) : default;
        Assert.True(due == alarmed, due == alarmed ? "" : string.Join('\n', await Database.ListAsync<string>(
            """
            SELECT concat_ws(' ', e.recipient, e.conversation, 'is due at', e.email_at, 'and it is', notifier.now(), 'with alarms at', (SELECT string_agg(at::text, ', ') FROM notifier.email_alarm),
              'and jobs', (SELECT string_agg(concat_ws(' ', statename, arguments), ', ') FROM hangfire.job WHERE statename <> 'Succeeded'))
            FROM notifier.escalation e WHERE e.email_at <= notifier.now()
            """)));
        if (due > 0) client.Create<EmailDueJob>(job => job.RunAsync(0, CancellationToken.None), new EnqueuedState(HangfireRegistration.EmailQueue));
    }

    /// <summary>Waits until no email to a person is under way: hours that pass meanwhile would outlast its lease, as if its worker had died.</summary>
    public Task SentAsync(Person person) => Database.WaitUntilAsync(
        "SELECT NOT EXISTS (SELECT FROM notifier.email_attempt WHERE recipient = $1 AND state IN ('pending', 'sending', 'data'))", Soon, $"emails to {person.Id} sent", person.Id);

    public Task WaitForAttemptAsync(Person person, string state) => Database.WaitUntilAsync(
        "SELECT EXISTS (SELECT FROM notifier.email_attempt WHERE recipient = $1 AND state = $2)", Soon, $"an email to {person.Id} that is {state}", person.Id, state);

    /// <summary>The trace of a message: <c>push wait online_elsewhere</c> and so on, in order.</summary>
    public async Task<string[]> WhyAsync(Person person, string message)
    {
        var answer = await Worker.Client.GetFromJsonAsync<JsonObject>($"/v1/sites/acme/messages/{message}/recipients/{person.Id}");
        return [.. answer!["decisions"]!.AsArray().Select(d => $"{d!["channel"]} {d["verdict"]} {d["reason"]}")];
    }

    public async Task WaitForReasonAsync(Person person, string message, string row)
    {
        var words = row.Split(' ');
        await Database.WaitUntilAsync(
            "SELECT EXISTS (SELECT FROM notifier.decision WHERE recipient = $1 AND message = $2 AND channel = $3 AND verdict = $4 AND reason = $5)", Soon,
            $"{row} for {message}", person.Id, message, words[0], words[1], words[2]);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        await Push.DisposeAsync();
        await Mail.DisposeAsync();
        await Database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private sealed class DataSourceConnections(NpgsqlDataSource database) : IConnectionFactory
    {
        public NpgsqlConnection GetOrCreateConnection() => database.CreateConnection();
    }
}
