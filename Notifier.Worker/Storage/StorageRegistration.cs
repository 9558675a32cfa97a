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
        services.AddSingleton<TraceStore>();
        return services;
    }

    public static string ConnectionString(IConfiguration configuration) => ConnectionSetting.Read(configuration, "notifier-worker");

    // Nothing that is set here outlives its transaction: there is nothing to reset when a connection goes back to the pool, and that is five statements each time.
    public static NpgsqlDataSource DataSource(string connectionString) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { NoResetOnClose = true });
}
