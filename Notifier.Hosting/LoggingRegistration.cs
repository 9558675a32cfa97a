using Microsoft.Extensions.Logging.Console;

namespace Notifier.Hosting;

internal static class LoggingRegistration
{
    /// <summary>JSON, one object a line, for whoever collects it; in development one line a person can read. <c>Logging__LogLevel__…</c> overrides the levels.</summary>
    public static ILoggingBuilder AddNotifierLogging(this ILoggingBuilder logging, IConfiguration configuration, IHostEnvironment environment)
    {
        logging.ClearProviders();
        if (environment.IsDevelopment())
            logging.AddSimpleConsole(console => { console.SingleLine = true; console.TimestampFormat = "HH:mm:ss "; console.IncludeScopes = false; });
        else
            logging.AddJsonConsole(console =>
            {
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
                console.IncludeScopes = false; // ASP.NET Core's hold the path, and so the ids of recipients
            });

        // Below Warning these name paths, push endpoints and statements.
        foreach (var chatter in (string[])["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Hangfire", "Microsoft.Extensions", "idunno.Authentication"])
            logging.AddFilter(chatter, LogLevel.Warning);
        // Warns at every start that keys for anti-forgery tokens lie unencrypted: they are worth one page load.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        logging.AddConfiguration(configuration.GetSection("Logging")); // again, so that it comes after ours and wins
        return logging;
    }
}
