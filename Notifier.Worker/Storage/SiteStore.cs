using System.Text.Json;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>The row of a site.</summary>
/// <param name="Settings">By their environment form.</param>
/// <param name="Secrets">The same, encrypted.</param>
/// <param name="Keys">The hashes of its API keys, oldest first.</param>
internal sealed record SiteRow(
    string Id, bool Enabled, string? Name, string? Locale, short? Content, IReadOnlyDictionary<string, string> Settings, IReadOnlyDictionary<string, string> Secrets,
    IReadOnlyList<byte[]> Keys, DateTimeOffset CreatedAt);

/// <summary>The sites that have something of their own.</summary>
internal sealed class SiteStore(NpgsqlDataSource database)
{
    private const string Columns =
        """
        SELECT s.id, s.enabled, s.name, s.locale, s.email_content, s.settings::text, s.secrets::text,
               coalesce((SELECT array_agg(k.hash ORDER BY k.created_at, k.hash) FROM notifier.site_key k WHERE k.site = s.id), '{}'), s.created_at
        FROM notifier.site s
        """;

    /// <summary>All of them, in order.</summary>
    public async Task<List<SiteRow>> ReadAllAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"{Columns} ORDER BY s.id");
        return await ReadAsync(command, cancellation);
    }

    /// <returns>Null: there is none of this id.</returns>
    public async Task<SiteRow?> FindAsync(string site, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"{Columns} WHERE s.id = $1");
        command.Parameters.AddWithValue(site);
        return (await ReadAsync(command, cancellation)).SingleOrDefault();
    }

    /// <summary>Sites by their id, from one on: a page of the operators'.</summary>
    public List<SiteRow> Page(string after, int count)
    {
        using var command = database.CreateCommand($"{Columns} WHERE s.id > $1 ORDER BY s.id LIMIT $2");
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(count);
        using var reader = command.ExecuteReader();
        var rows = new List<SiteRow>();
        while (reader.Read()) rows.Add(Row(reader));
        return rows;
    }

    /// <summary>Writes what the row says, and adds a key where there is one.</summary>
    public async Task SaveAsync(SiteRow row, byte[]? newKey, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new(
                    """
                    INSERT INTO notifier.site (id, enabled, name, locale, email_content, settings, secrets) VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb)
                    ON CONFLICT (id) DO UPDATE SET enabled = excluded.enabled, name = excluded.name, locale = excluded.locale, email_content = excluded.email_content,
                      settings = excluded.settings, secrets = excluded.secrets
                    """)
                {
                    Parameters =
                    {
                        new() { Value = row.Id }, new() { Value = row.Enabled }, Optional(row.Name, "text"), Optional(row.Locale, "text"), Optional(row.Content, "smallint"),
                        new() { Value = JsonSerializer.Serialize(row.Settings) }, new() { Value = JsonSerializer.Serialize(row.Secrets) },
                    },
                },
            },
        };
        if (newKey is not null)
            batch.BatchCommands.Add(new("INSERT INTO notifier.site_key (hash, site) VALUES ($1, $2)") { Parameters = { new() { Value = newKey }, new() { Value = row.Id } } });
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Lets go of all keys of a site but the newest.</summary>
    /// <returns>How many are gone.</returns>
    public async Task<int> RetireKeysAsync(string site, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "DELETE FROM notifier.site_key WHERE site = $1 AND hash <> (SELECT hash FROM notifier.site_key WHERE site = $1 ORDER BY created_at DESC, hash DESC LIMIT 1)");
        command.Parameters.AddWithValue(site);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlParameter Optional(object? value, string type) => new() { Value = value ?? DBNull.Value, DataTypeName = type };

    private static async Task<List<SiteRow>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<SiteRow>();
        while (await reader.ReadAsync(cancellation)) rows.Add(Row(reader));
        return rows;
    }

    private static SiteRow Row(NpgsqlDataReader reader) => new(
        reader.GetString(0), reader.GetBoolean(1), reader.Text(2), reader.Text(3), reader.IsDBNull(4) ? null : reader.GetInt16(4),
        Texts(reader.GetString(5)), Texts(reader.GetString(6)), reader.GetFieldValue<byte[][]>(7), reader.Time(8));

    private static Dictionary<string, string> Texts(string json) => JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
}
