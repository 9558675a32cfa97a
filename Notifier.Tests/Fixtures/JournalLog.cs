using Microsoft.Extensions.Logging;

namespace Notifier.Tests.Fixtures;

/// <summary>What one class says in the log, to be waited for.</summary>
public sealed class JournalLog<T> : ILogger<T>
{
    public Journal<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add($"{logLevel}: {formatter(state, exception)}");
}
