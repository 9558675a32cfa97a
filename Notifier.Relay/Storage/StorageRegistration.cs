using Npgsql;

namespace Notifier.Relay.Storage;

internal static class StorageRegistration
{
    public static IServiceCollection AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        var connectionString = ConnectionSetting.Read(configuration, "notifier-relay");
        services.AddSingleton(_ => NpgsqlDataSource.Create(connectionString));
        services.AddSingleton<AcceptStore>();
        services.AddSingleton<ReportStore>();
        services.AddSingleton<OtherNodesStore>();
        return services;
    }
}
