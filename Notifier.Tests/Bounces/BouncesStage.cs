using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Bounces;
using Notifier.Worker.Email;
using Notifier.Worker.Storage;
using Notifier.Worker.Unsubscribe;

namespace Notifier.Tests.Bounces;

/// <summary>What reads bounces, on a real database, without what sends.</summary>
public sealed class BouncesStage(PostgresCluster cluster) : IAsyncLifetime
{
    private static int _people;
    private IHost _host = null!, _without = null!;

    public TestDatabase Database { get; private set; } = null!;

    internal BounceIntake Intake => _host.Services.GetRequiredService<BounceIntake>();

    /// <summary>Of an installation whose emails have no return path of their own.</summary>
    internal BounceIntake WithoutReturnPaths => _without.Services.GetRequiredService<BounceIntake>();

    internal BounceFolder Folder => _host.Services.GetRequiredService<BounceFolder>();
    internal BounceMailbox Mailbox => _host.Services.GetRequiredService<BounceMailbox>();
    internal UnsubscribeLinks Links => _host.Services.GetRequiredService<UnsubscribeLinks>();
    internal ReturnPath ReturnPath => _host.Services.GetRequiredService<ReturnPath>();

    public async ValueTask InitializeAsync()
    {
        Database = await cluster.CreateDatabaseAsync();
        _host = Host("bounces@acme.example");
        _without = Host(null);
    }

    // Not started: the tests say when to read.
    private IHost Host(string? bounceAddress)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = "Production", DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Notifier"] = Database.WorkerConnectionString,
            ["Links:BaseUrl"] = "https://n.acme.example",
            ["Links:SigningKey"] = "a signing key of forty characters, no less",
            ["Email:Host"] = "127.0.0.1",
            ["Email:From"] = "Acme <hello@acme.example>",
            ["Email:BounceAddress"] = bounceAddress,
            ["Bounces:ScoreLimit"] = "3",
        });
        builder.Services.AddLogging().AddStorage(builder.Configuration).AddEmail(builder.Configuration).AddBounces(builder.Configuration);
        return builder.Build();
    }

    /// <summary>Somebody whom an email went to.</summary>
    internal async Task<Mailed> MailedAsync()
    {
        var n = Interlocked.Increment(ref _people);
        var mailed = new Mailed(this, $"u-{n}", $"u-{n}@example.org", Guid.CreateVersion7(), $"<e{n}.1@acme.example>");
        await Database.ExecuteAsync("INSERT INTO notifier.recipient (site, id, email) VALUES ('acme', $1, $2)", mailed.Id, mailed.Address);
        await Database.ExecuteAsync(
            "INSERT INTO notifier.email_attempt (id, message_id, site, recipient, conversations, state, finished_at) VALUES ($1, $2, 'acme', $3, '{c}', 'sent', now())",
            mailed.Attempt, mailed.MessageId, mailed.Id);
        return mailed;
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        _without.Dispose();
        await Database.DisposeAsync();
    }
}

internal sealed record Mailed(BouncesStage Stage, string Id, string Address, Guid Attempt, string MessageId)
{
    public string ReturnPath => Stage.ReturnPath.For(Attempt, Address).Address;

    /// <summary>The ways out that the email offered.</summary>
    public UnsubscribeWays Ways => Stage.Links.For(new UnsubscribeClaim("acme", Id, "c"));

    /// <summary>Suppressed, unsubscribed, or nothing of it.</summary>
    public Task<string> FateAsync() => Stage.Database.ScalarAsync<string>(
        """
        SELECT coalesce((SELECT 'suppressed ' || detail FROM notifier.suppression s WHERE s.site = r.site AND s.address = r.email),
                        CASE WHEN r.unsubscribed_at IS NULL THEN 'mailed' ELSE 'unsubscribed' END)
        FROM notifier.recipient r WHERE id = $1
        """, Id);
}
