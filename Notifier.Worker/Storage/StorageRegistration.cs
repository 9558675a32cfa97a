using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Notifier.Worker.Storage;

internal static class StorageRegistration
{
    public static IServiceCollection AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        var connectionString = ConnectionString(configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(_ => DataSource(connectionString));
        services.AddSingleton<InboxStore>();
        services.AddSingleton<DueStore>();
        services.AddSingleton<EscalationIds>();
        services.AddSingleton<DeadLetterStore>();
        services.AddSingleton<PushOutboxStore>();
        services.AddSingleton<EmailAttemptStore>();
        services.AddSingleton<BounceStore>();
        services.AddSingleton<UnsubscribeStore>();
        services.AddHostedService<Retention>();
        services.AddHostedService<Recount>();
        services.AddSingleton<TraceStore>();
        return services;
    }

    public static string ConnectionString(IConfiguration configuration) => ConnectionSetting.Read(configuration, "notifier-worker");

    public static NpgsqlDataSource DataSource(string connectionString) => Builder(connectionString).Build();

    public static NpgsqlDataSourceBuilder Builder(string connectionString)
    {
        // Nothing that is set later outlives its transaction: there is nothing to reset when a connection goes back to the pool, and that is five statements each time.
        var builder = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(connectionString) { NoResetOnClose = true }.ConnectionString);
        return builder.UsePhysicalConnectionInitializer(SetUp, SetUpAsync);
    }

    private static void SetUp(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(Plans.AsItComes, connection);
        command.ExecuteNonQuery();
    }

    private static async Task SetUpAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Plans.AsItComes, connection);
        await command.ExecuteNonQueryAsync();
    }
}
