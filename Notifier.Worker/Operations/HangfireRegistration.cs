using Hangfire;
using Hangfire.AspNetCore;
using Hangfire.Common;
using Hangfire.PostgreSql;
using Microsoft.Extensions.Options;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Operations;

/// <summary>Hangfire, cut down to an alarm clock: a few scheduled jobs, each waking one slice of due emails. What is due, the rows of <c>notifier.escalation</c> say.</summary>
internal static class HangfireRegistration
{
    public const string EmailQueue = "email";

    /// <summary>Each worker holds a connection while it runs a job; Hangfire's own processes, the dashboard and the job's work need theirs beside it.</summary>
    private const int LeastPool = AlarmServer.Workers + 10;

    public static IServiceCollection AddHangfireAlarmClock(this IServiceCollection services, IConfiguration configuration, IReadOnlyList<Type>? jobs = null)
    {
        var pool = new NpgsqlConnectionStringBuilder(StorageRegistration.ConnectionString(configuration)).MaxPoolSize;
        if (pool < LeastPool) throw new SettingException("ConnectionStrings__Notifier", $"has a Maximum Pool Size of {pool}; the worker needs at least {LeastPool}");

        services.AddOptions<AlarmOptions>().BindSection(configuration.GetSection(AlarmOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AlarmOptions>, AlarmOptionsValidator>();
        // Registered before AddHangfire, which would take these from its static properties: what one host sets there, every host of the process gets.
        services.AddSingleton<JobStorage>(provider => Storage(provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<IOptions<AlarmOptions>>().Value));
        services.AddSingleton<JobActivator>(provider => new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>()));
        services.AddSingleton<IJobFilterProvider>(Filters());

        var resolver = JobTypes.Resolver(jobs ?? JobTypes.Allowed);
        services.AddHangfire((provider, hangfire) => hangfire
            .UseLogProvider(new HangfireLog(provider.GetRequiredService<ILoggerFactory>()))
            .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
            .UseSimpleAssemblyNameTypeSerializer()
            .UseTypeResolver(resolver));
        services.AddHostedService<AlarmServer>();
        return services;
    }

    /// <summary>The numbers are explained in docs/operations.md: the defaults stop all delayed jobs for 10 minutes after a kill -9, and run a long job twice.</summary>
    public static PostgreSqlStorageOptions Options(AlarmOptions alarms) => new()
    {
        SchemaName = Migrator.HangfireSchema,
        PrepareSchemaIfNecessary = false, // the Migrator has installed it
        QueuePollInterval = TimeSpan.FromMilliseconds(500),
        EnableLongPolling = false,        // doubles the connections
        InvisibilityTimeout = alarms.InvisibilityTimeout,
        UseSlidingInvisibilityTimeout = true,
        DistributedLockTimeout = alarms.LockTimeout,
        DeleteExpiredBatchSize = 5000,
        JobExpirationCheckInterval = TimeSpan.FromMinutes(5),
        AllowDegradedModeWithoutStorage = false,
    };

    private static PostgreSqlStorage Storage(NpgsqlDataSource database, AlarmOptions alarms) =>
        new(new DataSourceConnections(database), Options(alarms)) { JobExpirationTimeout = TimeSpan.FromHours(2) };

    /// <summary>Less than Hangfire's default filters: no culture, no continuations, each of which costs round trips.</summary>
    private static JobFilterProviderCollection Filters()
    {
        // The row is the truth, and an alarm that is lost is set anew: a job that fails is shown, not repeated, unless its class asks for it.
        var filters = new JobFilterCollection { new AutomaticRetryAttribute { Attempts = 0 }, new StatisticsHistoryAttribute() };
        return new JobFilterProviderCollection(filters, new JobFilterAttributeFilterProvider());
    }

    /// <summary>Hangfire's connections come from the one data source too: one pool, one place that knows the password.</summary>
    private sealed class DataSourceConnections(NpgsqlDataSource database) : IConnectionFactory
    {
        public NpgsqlConnection GetOrCreateConnection() => database.CreateConnection();
    }
}
