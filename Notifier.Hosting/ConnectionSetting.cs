using System.Data.Common;
using Npgsql;

namespace Notifier.Hosting;

/// <summary>The one setting without which nothing can start.</summary>
internal static class ConnectionSetting
{
    /// <param name="application">What the server's lists of connections call us.</param>
    public static string Read(IConfiguration configuration, string application)
    {
        var text = configuration.GetConnectionString("Notifier");
        if (string.IsNullOrWhiteSpace(text)) throw new SettingException("ConnectionStrings__Notifier", "is not set; it is the Npgsql connection string of the database, such as Host=localhost;Database=notifier;Username=notifier");
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(text) { ApplicationName = application };
            // The same statements again and again: planning them anew is a good part of what they cost. A pooler that cannot keep them switches it off by a 0 of its own.
            if (!new DbConnectionStringBuilder { ConnectionString = text }.ContainsKey("Max Auto Prepare")) (builder.MaxAutoPrepare, builder.AutoPrepareMinUsages) = (100, 3);
            // Who stands still in a transaction, or is cut off without a word, would keep a shard from everybody: PostgreSQL ends that session. Nothing of ours waits there for so long.
            if (string.IsNullOrEmpty(builder.Options)) builder.Options = "-c idle_in_transaction_session_timeout=10s";
            return builder.ConnectionString;
        }
        catch (ArgumentException e)
        {
            throw new SettingException("ConnectionStrings__Notifier", $"is no Npgsql connection string: {e.Message}");
        }
    }
}
