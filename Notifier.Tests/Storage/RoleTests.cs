using Notifier.Tests.Fixtures;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Tests.Storage;

/// <summary>Each role tries everything on every table, column, function and schema that is there, and may do exactly what stands here.</summary>
public sealed class RoleTests(PostgresCluster cluster) : IAsyncLifetime
{
    /// <param name="Worker">select, insert, update, delete.</param>
    /// <param name="Reader">The columns that it may read.</param>
    private sealed record Rights(string Worker, string Relay, string Reader);

    private static readonly Dictionary<string, Rights> Tables = new()
    {
        ["notifier.bounce"] = new("siud", "", "at site status verdict"),
        ["notifier.dead_letter"] = new("siud", "", "id site kind reason created_at replayed_at"),
        ["notifier.decision"] = new("s", "", "id at site recipient conversation message escalation channel verdict reason until basis"),
        ["notifier.email_alarm"] = new("siud", "", "at set_at"),
        ["notifier.email_attempt"] = new("siud", "", "id message_id site recipient conversations newest state attempts resent next_at lease_until created_at finished_at"),
        ["notifier.escalation"] = new("siud", "", "id site recipient conversation shard opened_at closed_at push_at email_at email_attempt email_level last_email_at emails"),
        ["notifier.escalation_message"] = new("siud", "",
            "site recipient message conversation seq outcome presence active_here mentioned reported_at received_at last_activity push_verdict push_reason email_verdict email_reason"),
        ["notifier.event_key"] = new("si", "", ""),
        ["notifier.inbox"] = new("siud", "", "id shard received_at"),
        ["notifier.message"] = new("siud", "", "site id conversation seq kind sender_id urgent sent_at expires_at edited_at deleted_at created_at"),
        ["notifier.migration"] = new("s", "", "scriptname applied"),
        ["notifier.presence"] = new("siud", "", "site recipient node state conversation at received_at last_active_at"),
        ["notifier.push_origin"] = new("siud", "", "site origin held_until window_from answers unauthorized open_until"),
        ["notifier.push_outbox"] = new("siud", "", "id site recipient conversation origin dismiss up_to message attempts created_at next_at expires_at lease_until"),
        ["notifier.push_subscription"] = new("siud", "", "id site recipient origin registered_at last_used_at errors held_until"),
        ["notifier.recipient"] = new("siud", "", "id site unsubscribed_at updated_at"),
        ["notifier.relay_node"] = new("siud", "", "site node lease_until"),
        ["notifier.seen_mark"] = new("siud", "", "site recipient conversation seq seen_at active_at"),
        ["notifier.site"] = new("s", "", "id enabled name created_at"),
        ["notifier.site_key"] = new("s", "", ""),
        ["notifier.suppression"] = new("siud", "", "site reason created_at"),
        ["notifier.trace"] = new("sid", "", ""),
        ["relay.accepted"] = new("", "s", "id site message node accepted_at swept"),
        ["relay.connected"] = new("", "sid", ""),
        ["relay.node"] = new("", "s", "node lease_until"),
        ["relay.outcome"] = new("", "s", "accepted recipient delivered"),
        ["relay.signal"] = new("", "sid", ""),
    };

    private static readonly Dictionary<string, string> Functions = new()
    {
        ["notifier.accept"] = TestDatabase.WorkerLogin,
        ["notifier.keep_keys"] = TestDatabase.WorkerLogin,
        ["notifier.key_week"] = TestDatabase.WorkerLogin,
        ["notifier.now"] = $"{TestDatabase.WorkerLogin} {TestDatabase.ReaderLogin}",
        ["notifier.parts"] = TestDatabase.WorkerLogin,
        ["notifier.publish"] = $"{TestDatabase.WorkerLogin} {TestDatabase.RelayLogin} {TestDatabase.PublisherLogin}",
        ["notifier.recount"] = TestDatabase.WorkerLogin,
        ["notifier.replay"] = TestDatabase.WorkerLogin,
        ["notifier.ring_site"] = "",
        ["notifier.shard_of"] = $"{TestDatabase.WorkerLogin} {TestDatabase.ReaderLogin}",
        ["notifier.tidy"] = TestDatabase.WorkerLogin,
        ["notifier.tidy_rows"] = TestDatabase.WorkerLogin,
        ["relay.accept"] = TestDatabase.RelayLogin,
        ["relay.decide"] = TestDatabase.RelayLogin,
        ["relay.erase"] = TestDatabase.WorkerLogin,
        ["relay.renew"] = TestDatabase.RelayLogin,
        ["relay.ring"] = TestDatabase.RelayLogin,
        ["relay.sweep"] = TestDatabase.WorkerLogin,
        ["relay.tidy"] = TestDatabase.WorkerLogin,
        ["relay.top"] = TestDatabase.RelayLogin,
    };

    private static readonly (char Right, string Sql)[] Verbs =
    [
        ('i', "INSERT INTO {0} ({1}) VALUES (DEFAULT)"), ('u', "UPDATE {0} SET {1} = DEFAULT WHERE false"), ('d', "DELETE FROM {0} WHERE false"),
        ('-', "TRUNCATE {0}"), ('-', "DROP TABLE {0} CASCADE"), ('-', "ALTER TABLE {0} ADD one_more text"), ('-', "ALTER TABLE {0} OWNER TO CURRENT_USER"), ('-', "CREATE INDEX ON {0} ({1})"),
        ('-', "CREATE RULE nothing AS ON DELETE TO {0} DO INSTEAD NOTHING"),
    ];

    /// <summary>What PostgreSQL asks for rights before it says that a view is no table.</summary>
    private static readonly (char Right, string Sql)[] ViewVerbs =
        [('-', "DROP VIEW {0} CASCADE"), ('-', "ALTER VIEW {0} OWNER TO CURRENT_USER"), ('-', "ALTER VIEW {0} ALTER {1} SET DEFAULT 1"), ('-', "CREATE RULE nothing AS ON DELETE TO {0} DO INSTEAD NOTHING")];

    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await cluster.CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Theory]
    [InlineData(TestDatabase.WorkerLogin)]
    [InlineData(TestDatabase.RelayLogin)]
    [InlineData(TestDatabase.PublisherLogin)]
    [InlineData(TestDatabase.ReaderLogin)]
    public async Task On_every_table_a_role_can_do_what_its_work_needs_and_nothing_else(string login)
    {
        await _database.ExecuteAsync("SELECT notifier.tidy()"); // makes partitions, which are tables too
        var columns = await _database.RowsAsync(
            """
            SELECT c.oid::regclass::text, a.attname::text, c.relispartition, n.nspname::text, c.relkind = 'v' AND pg_relation_is_updatable(c.oid, true) = 0 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.nspname IN ('notifier', 'relay', 'hangfire') AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relname <> 'test_clock' ORDER BY 1, a.attnum
            """);
        var tables = columns.GroupBy(c => (Name: (string)c[0]!, IsPartition: (bool)c[2]!, Schema: (string)c[3]!, IsReadOnlyView: (bool)c[4]!), c => (string)c[1]!).ToArray();
        Assert.True(tables.Length > Tables.Count + 10);
        Assert.Empty(Tables.Keys.Except(tables.Select(t => t.Key.Name)));

        List<string> wrong = [];
        await using var source = NpgsqlDataSource.Create(_database.As(login));
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        foreach (var table in tables)
        {
            var rights = table.Key.IsPartition ? new Rights("", "", "")
                : table.Key.Schema == "hangfire" ? new Rights("siud", "", "")
                : Tables.GetValueOrDefault(table.Key.Name) ?? throw new InvalidOperationException($"{table.Key.Name}: say here, in its migration and in docs/security.md who may do what with it");
            var may = login switch { TestDatabase.WorkerLogin => rights.Worker, TestDatabase.RelayLogin => rights.Relay, _ => "" };
            var readable = may.Contains('s') ? [.. table] : login == TestDatabase.ReaderLogin ? rights.Reader.Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
            Assert.Empty(readable.Except(table));
            foreach (var column in table)
                await TryAsync($"SELECT {column} FROM {table.Key.Name} LIMIT 0", readable.Contains(column));
            foreach (var (right, sql) in table.Key.IsReadOnlyView ? ViewVerbs : Verbs)
                await TryAsync(string.Format(null, sql, table.Key.Name, table.First()), may.Contains(right));
        }
        Assert.Empty(wrong);

        async Task TryAsync(string sql, bool expected)
        {
            if (await MayAsync(connection, sql) != expected) wrong.Add($"{login} {(expected ? "cannot" : "can")} {sql}");
        }
    }

    [Fact]
    public async Task Every_function_can_be_called_by_whom_it_was_made_for_and_by_nobody_else()
    {
        var found = await _database.RowsAsync(
            """
            SELECT p.oid::regproc::text, l.login, has_function_privilege(l.login::name, p.oid, 'EXECUTE') FROM pg_proc p CROSS JOIN unnest($1) l(login)
            WHERE p.pronamespace IN ('notifier'::regnamespace, 'relay'::regnamespace) ORDER BY 1, 2
            """, (object)new[] { TestDatabase.WorkerLogin, TestDatabase.RelayLogin, TestDatabase.PublisherLogin, TestDatabase.ReaderLogin });

        Assert.Equal(Functions.Keys.Order(StringComparer.Ordinal), found.Select(f => (string)f[0]!).Distinct().Order(StringComparer.Ordinal));
        Assert.All(found, f => Assert.True(Functions[(string)f[0]!].Split(' ').Contains((string)f[1]!) == (bool)f[2]!, $"{f[0]} by {f[1]}"));
    }

    [Theory]
    [InlineData(TestDatabase.WorkerLogin)]
    [InlineData(TestDatabase.RelayLogin)]
    [InlineData(TestDatabase.PublisherLogin)]
    [InlineData(TestDatabase.ReaderLogin)]
    public async Task No_role_can_make_anything_or_become_another(string login)
    {
        await using var source = NpgsqlDataSource.Create(_database.As(login));
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        string[] others = ["postgres", .. ((string[])["notifier_worker", "relay_node", "notifier_relay", "notifier_reader"]).Where(r => !Own(login, r))];
        foreach (var sql in (string[])
        [
            "CREATE TABLE notifier.mine ()", "CREATE TABLE relay.mine ()", "CREATE TABLE hangfire.mine ()", "CREATE TABLE public.mine ()", "CREATE SCHEMA mine", "CREATE ROLE mine", "CREATE DATABASE mine",
            "CREATE OR REPLACE FUNCTION notifier.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.now()'", "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('postgresql.conf')",
            "SELECT rolpassword FROM pg_authid", .. others.Select(o => $"SET ROLE {o}"),
        ])
            Assert.False(await MayAsync(connection, sql), $"{login} can {sql}");
    }

    [Fact]
    public async Task An_owner_who_may_not_make_roles_is_told_which_and_one_who_may_needs_to_be_no_superuser()
    {
        await using var server = await PostgresServer.NewAsync();
        await using var admin = NpgsqlDataSource.Create(server.ConnectionString("postgres"));
        foreach (var sql in (string[])["CREATE ROLE the_owner LOGIN", "CREATE DATABASE one OWNER the_owner", "CREATE DATABASE two OWNER the_owner"]) await RunAsync(admin, sql);
        await using var one = Owned("one");
        await using var two = Owned("two");

        var told = await Assert.ThrowsAsync<SettingException>(() => Migrator.MigrateAsync(one, Cancellation));
        Assert.Contains("the role notifier_worker is missing, and the_owner may not make it", told.Message, StringComparison.Ordinal);

        await RunAsync(admin, "ALTER ROLE the_owner CREATEROLE");
        await Migrator.MigrateAsync(one, Cancellation);
        await RunAsync(admin, "ALTER ROLE the_owner NOCREATEROLE");
        await Migrator.MigrateAsync(two, Cancellation); // the roles are there by now

        await RunAsync(admin, "CREATE ROLE a_worker LOGIN IN ROLE notifier_worker");
        await using var worker = NpgsqlDataSource.Create(server.ConnectionString("two").Replace("Username=postgres", "Username=a_worker", StringComparison.Ordinal));
        Assert.True(await Migrator.IsCurrentAsync(worker, Cancellation));
        await RunAsync(worker, "SELECT notifier.tidy(), relay.sweep(1), (SELECT count(*) FROM hangfire.job)");

        NpgsqlDataSource Owned(string database) => NpgsqlDataSource.Create(server.ConnectionString(database).Replace("Username=postgres", "Username=the_owner", StringComparison.Ordinal));
    }

    private static bool Own(string login, string role) => (login, role) is
        (TestDatabase.WorkerLogin, "notifier_worker") or (TestDatabase.RelayLogin, "relay_node") or (TestDatabase.PublisherLogin, "notifier_relay") or (TestDatabase.ReaderLogin, "notifier_reader");

    private static async Task RunAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    /// <summary>Whether the database lets it be done: what fails for another reason was let in. Nothing of it stays.</summary>
    private static async Task<bool> MayAsync(NpgsqlConnection connection, string sql)
    {
        var outside = sql.StartsWith("CREATE DATABASE", StringComparison.Ordinal); // not in a transaction
        await using var transaction = outside ? null : await connection.BeginTransactionAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        try
        {
            await command.ExecuteNonQueryAsync(Cancellation);
            return true;
        }
        catch (PostgresException e)
        {
            return e.SqlState != PostgresErrorCodes.InsufficientPrivilege;
        }
    }
}
