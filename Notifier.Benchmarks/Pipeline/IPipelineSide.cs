namespace Notifier.Benchmarks.Pipeline;

/// <summary>One of what is compared.</summary>
internal interface IPipelineSide
{
    string Name { get; }

    /// <returns>The time from the first event's coming to the last one's commit.</returns>
    Task<TimeSpan> RoundAsync(int events);
}
