using Notifier.Tests.Fixtures;
using Xunit;

namespace Notifier.Tests.Storage;

public sealed class EventKeyTests(PostgresCluster cluster) : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await cluster.CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task An_event_is_the_same_again_by_its_source_and_id_and_only_within_its_site()
    {
        Assert.Equal(1, await PublishAsync("evil", "17:1"));
        Assert.Equal(1, await PublishAsync("acme", "17:1"));
        Assert.Equal(0, await PublishAsync("acme", "17:1"));
        Assert.Equal(1, await PublishAsync("acme", "17:2"));
        Assert.Equal(["acme", "acme", "evil"], await _database.ScalarAsync<string[]>("SELECT array_agg(site ORDER BY site) FROM notifier.inbox"));
    }

    [Fact]
    public async Task A_source_that_looks_like_a_site_and_a_source_is_neither()
    {
        Assert.Equal(1, await PublishAsync(site: null, "1", source: "acme\\n/sites/acme/relay"));
        Assert.Equal(1, await PublishAsync("acme", "1"));
    }

    private Task<int> PublishAsync(string? site, string id, string source = "/sites/acme/relay") => _database.ScalarAsync<int>(
        "SELECT notifier.publish($1::jsonb)",
        $$$"""{"specversion":"1.0","id":"{{{id}}}","source":"{{{source}}}","type":"conversation.seen","data":{{{(site is null ? "{}" : $$"""{"site":"{{site}}","recipient":"bob","conversation":"c","seq":1}""")}}}}""");
}
