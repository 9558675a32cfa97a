using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Fixtures;

/// <summary>A data source whose every statement PostgreSQL explains, as it ran: what auto_explain says comes back as notices, from the very statements that the code sends; Npgsql logs those.</summary>
internal sealed partial class ExplainedSource : ILoggerProvider, ILogger, IAsyncDisposable
{
    private readonly List<string> _plans = [];
    private readonly ILoggerFactory _logging;

    /// <param name="ownerConnectionString">Of a role that may ask for plans.</param>
    public ExplainedSource(string ownerConnectionString)
    {
        var explained = new NpgsqlConnectionStringBuilder(ownerConnectionString)
        {
            Options = "-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c auto_explain.log_analyze=on -c auto_explain.log_timing=off -c client_min_messages=log -c jit=off",
        };
        var builder = StorageRegistration.Builder(explained.ConnectionString);
        _logging = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(this));
        Source = builder.UseLoggerFactory(_logging).Build();
    }

    public NpgsqlDataSource Source { get; }

    /// <summary>Of every statement so far that has to do with our tables.</summary>
    public IReadOnlyList<string> Plans
    {
        get
        {
            lock (_plans) return [.. _plans];
        }
    }

    public void AssertNoTableIsReadThrough()
    {
        foreach (var plan in Plans) Assert.False(plan.Contains("Seq Scan on", StringComparison.Ordinal), plan);
    }

    /// <summary>Whether by an index or not; what a filter removes counts as read.</summary>
    public void AssertNoStepReadsMoreThan(int rows, int since = 0)
    {
        foreach (var plan in Plans.Skip(since))
        {
            var loops = 1L;
            foreach (Match step in Step().Matches(plan))
            {
                var count = double.Parse(step.Groups["rows"].Value, CultureInfo.InvariantCulture);
                if (step.Groups["loops"].Success) loops = long.Parse(step.Groups["loops"].Value, CultureInfo.InvariantCulture);
                Assert.True(count * loops <= rows, plan);
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var said = formatter(state, exception);
        if (!said.Contains("Query Text:", StringComparison.Ordinal) || !said.Contains("notifier.", StringComparison.Ordinal)) return;
        lock (_plans) _plans.Add(said);
    }

    public void Dispose()
    {
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        _logging.Dispose();
    }

    // A removal is told below its step, and counts for each of its loops.
    [GeneratedRegex(@"actual rows=(?<rows>[\d.]+) loops=(?<loops>\d+)|Rows Removed by [A-Za-z ]+: (?<rows>[\d.]+)")]
    private static partial Regex Step();
}
