using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Notifier.Worker.Operations;
using Xunit;

namespace Notifier.Tests.Operations;

public sealed class LoggingTests
{
    [Theory]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics")] // paths, and so ids of recipients
    [InlineData("System.Net.Http.HttpClient.push")]          // endpoints
    [InlineData("Npgsql.Command")]                           // statements
    [InlineData("Hangfire.Server.BackgroundServerProcess")]
    public void What_names_people_or_addresses_speaks_only_when_something_is_wrong(string category)
    {
        var log = Services("Production").GetRequiredService<ILoggerFactory>().CreateLogger(category);

        Assert.False(log.IsEnabled(LogLevel.Information));
        Assert.True(log.IsEnabled(LogLevel.Warning));
    }

    [Fact]
    public void Our_own_words_and_the_address_we_listen_at_are_heard()
    {
        var logs = Services("Production").GetRequiredService<ILoggerFactory>();

        Assert.True(logs.CreateLogger("Notifier.Worker.Operations.CancelEmailCommand").IsEnabled(LogLevel.Information));
        Assert.True(logs.CreateLogger("Microsoft.Hosting.Lifetime").IsEnabled(LogLevel.Information));
    }

    [Fact]
    public void The_operator_s_own_levels_win()
    {
        var logs = Services("Production", ("Logging:LogLevel:Npgsql", "Debug")).GetRequiredService<ILoggerFactory>();

        Assert.True(logs.CreateLogger("Npgsql.Command").IsEnabled(LogLevel.Debug));
    }

    [Theory]
    [InlineData("Production", ConsoleFormatterNames.Json)]
    [InlineData("Staging", ConsoleFormatterNames.Json)]
    [InlineData("Development", ConsoleFormatterNames.Simple)]
    public void Logs_are_JSON_save_in_development(string environment, string formatter) =>
        Assert.Equal(formatter, Services(environment).GetRequiredService<IOptionsMonitor<ConsoleLoggerOptions>>().CurrentValue.FormatterName);

    [Fact]
    public void Scopes_are_left_out()
    {
        var services = Services("Production");

        Assert.False(services.GetRequiredService<IOptionsMonitor<JsonConsoleFormatterOptions>>().CurrentValue.IncludeScopes);
    }

    private static ServiceProvider Services(string environment, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value)).Build();
        var host = new HostingEnvironment { EnvironmentName = environment, ContentRootFileProvider = new NullFileProvider() };
        return new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddLogging(logging => logging.AddNotifierLogging(configuration, host)).BuildServiceProvider();
    }
}
