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
        services.AddSingleton<DeadLetterStore>();
        services.AddSingleton<PushOutboxStore>();
        services.AddSingleton<EmailAttemptStore>();
        services.AddSingleton<BounceStore>();
        services.AddHostedService<Retention>();
        services.AddSingleton<TraceStore>();
        return services;
    }

    /// <summary>The one setting without which nothing can start.</summary>
    public static string ConnectionString(IConfiguration configuration)
    {
        var text = configuration.GetConnectionString("Notifier");
        if (string.IsNullOrWhiteSpace(text)) throw new SettingException("ConnectionStrings__Notifier", "is not set; it is the Npgsql connection string of the database, such as Host=localhost;Database=notifier;Username=notifier");
        try
        {
            return new NpgsqlConnectionStringBuilder(text) { ApplicationName = "notifier-worker" }.ConnectionString;
        }
        catch (ArgumentException e)
        {
            throw new SettingException("ConnectionStrings__Notifier", $"is no Npgsql connection string: {e.Message}");
        }
    }

    public static NpgsqlDataSource DataSource(string connectionString) => NpgsqlDataSource.Create(connectionString);
}
