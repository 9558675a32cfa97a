using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Faults.Stage;

/// <summary>A PostgreSQL server with a migrated database to copy. Commit times are kept: they say when a seen mark was committed, and the resolve to begin DATA.</summary>
internal sealed class Ground : IAsyncDisposable
{
    private const string Template = "notifier_template";

    /// <summary>What the checker reads besides the product's tables.</summary>
    private const string Witness =
        """
        CREATE SCHEMA faults;
        CREATE TABLE faults.seen (id bigint GENERATED ALWAYS AS IDENTITY, recipient text NOT NULL, conversation text NOT NULL, seq bigint NOT NULL);
        CREATE FUNCTION faults.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
          INSERT INTO faults.seen (recipient, conversation, seq) VALUES (NEW.recipient, NEW.conversation, NEW.seq);
          RETURN NULL;
        END $$;
        CREATE TRIGGER witness AFTER INSERT OR UPDATE ON notifier.seen_mark FOR EACH ROW EXECUTE FUNCTION faults.note();
        CREATE TABLE faults.arrival (id bigint GENERATED ALWAYS AS IDENTITY, source text NOT NULL, event_id text NOT NULL, shard smallint NOT NULL, body text NOT NULL);
        CREATE FUNCTION faults.note_arrival() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
          INSERT INTO faults.arrival (source, event_id, shard, body) VALUES (NEW.source, NEW.event_id, NEW.shard, NEW.body);
          RETURN NULL;
        END $$;
        CREATE TRIGGER witness AFTER INSERT ON notifier.inbox FOR EACH ROW WHEN (NEW.source IS NOT NULL) EXECUTE FUNCTION faults.note_arrival();
        CREATE TABLE faults.data (message_id text NOT NULL);
        CREATE FUNCTION faults.note_data() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
          INSERT INTO faults.data (message_id) VALUES (NEW.message_id);
          RETURN NULL;
        END $$;
        CREATE TRIGGER witness AFTER UPDATE ON notifier.email_attempt FOR EACH ROW WHEN (NEW.state = 'data' AND OLD.state <> 'data') EXECUTE FUNCTION faults.note_data();
        """;

    private int _copies;
    private readonly SemaphoreSlim _copying = new(1);

    private Ground(PostgresServer server) => Server = server;

    public PostgresServer Server { get; }

    public static async Task<Ground> NewAsync(string worker, int? megabytes = null, bool witness = true)
    {
        var small = megabytes is null ? "" : "-c min_wal_size=32MB -c max_wal_size=64MB";
        var ground = new Ground(await PostgresServer.NewAsync($"-c track_commit_timestamp=on {small}", megabytes));
        await ground.SqlAsync("postgres", $"CREATE DATABASE {Template}");
        await Tool.RunAsync("/", "env", $"ConnectionStrings__Notifier={ground.Server.ConnectionString(Template)};Pooling=false", "dotnet", worker, "migrate");
        if (witness) await ground.SqlAsync(Template, Witness);
        return ground;
    }

    /// <returns>The connection string of a fresh database.</returns>
    public async Task<string> DatabaseAsync(string name)
    {
        await _copying.WaitAsync();
        try
        {
            name = $"{name}_{++_copies}";
            await SqlAsync("postgres", $"CREATE DATABASE {name} TEMPLATE {Template} STRATEGY file_copy");
        }
        finally
        {
            _copying.Release();
        }
        return Server.ConnectionString(name);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _copying.Dispose();
    }

    private async Task SqlAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(Server.ConnectionString(database) + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
