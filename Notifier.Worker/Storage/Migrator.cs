using DbUp;
using DbUp.Engine.Output;
using Hangfire.PostgreSql;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Brings a database to the schema this build wants: <c>migrations/*.sql</c> in order, each once and in a transaction of its own, then Hangfire's own tables.</summary>
internal static class Migrator
{
    // Any number that nobody else uses: two workers that start together must not migrate at once.
    private const long Lock = 0x4E_4F_54_49_46_59;

    /// <returns>The scripts that were applied now.</returns>
    public static async Task<IReadOnlyList<string>> MigrateAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({Lock}); CREATE SCHEMA IF NOT EXISTS notifier", cancellation);

        try
        {
            // An open connection, so that the password never leaves the data source.
            var upgrade = DeployChanges.To
                .PostgresqlDatabase(new DbUp.Postgresql.PostgresqlConnectionManager(database))
                .WithScriptsEmbeddedInAssembly(typeof(Migrator).Assembly, IsScript)
                .WithTransactionPerScript()
                .WithVariablesDisabled() // $$ quotes a function here
                .JournalToPostgresqlTable("notifier", "migration")
                .LogTo(new NoOpUpgradeLog())
                .Build()
                .PerformUpgrade();
            if (upgrade.Error is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused)
                throw new SettingException("ConnectionStrings__Notifier", $"names a user who may not do all of {upgrade.ErrorScript?.Name}: {refused.MessageText}");
            if (!upgrade.Successful) throw new InvalidOperationException($"migration {upgrade.ErrorScript?.Name} failed: {upgrade.Error.Message}", upgrade.Error);

            PostgreSqlObjectsInstaller.Install(connection, HangfireSchema);
            return [.. upgrade.Scripts.Select(s => s.Name)];
        }
        finally
        {
            // Npgsql would let go of it only when the connection is used again.
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({Lock})", CancellationToken.None);
        }
    }

    /// <summary>The command <c>migrate</c>.</summary>
    public static async Task<int> RunAsync(IConfiguration configuration, TextWriter output)
    {
        await using var database = StorageRegistration.DataSource(StorageRegistration.ConnectionString(configuration));
        var applied = await MigrateAsync(database, CancellationToken.None);
        await output.WriteLineAsync(applied.Count == 0 ? "The database is up to date." : $"Applied {string.Join(", ", applied)}.");
        return 0;
    }

    public const string HangfireSchema = "hangfire";

    /// <summary>Whether every script of this build was applied to the database.</summary>
    public static async Task<bool> IsCurrentAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        string[] scripts = [.. typeof(Migrator).Assembly.GetManifestResourceNames().Where(IsScript)];
        await using var command = database.CreateCommand(
            "SELECT to_regclass('notifier.migration') IS NOT NULL AND to_regclass($1) IS NOT NULL");
        command.Parameters.AddWithValue($"{HangfireSchema}.job");
        if (await command.ExecuteScalarAsync(cancellation) is not true) return false;

        await using var applied = database.CreateCommand("SELECT count(DISTINCT scriptname) FROM notifier.migration WHERE scriptname = ANY ($1)");
        applied.Parameters.AddWithValue(scripts);
        return (long)(await applied.ExecuteScalarAsync(cancellation))! == scripts.Length;
    }

    private static bool IsScript(string resource) => resource.EndsWith(".sql", StringComparison.Ordinal);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
