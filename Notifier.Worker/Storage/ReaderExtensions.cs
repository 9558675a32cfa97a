using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Columns that may be null, read in one word each.</summary>
internal static class ReaderExtensions
{
    public static string? Text(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static DateTimeOffset Time(this NpgsqlDataReader reader, int column) => reader.GetFieldValue<DateTimeOffset>(column);

    public static DateTimeOffset? OptionalTime(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.Time(column);

    /// <returns>The moment a statement returns; null where it touched no row.</returns>
    public static async Task<DateTimeOffset?> ExecuteTimeAsync(this NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? reader.Time(0) : null;
    }
}
