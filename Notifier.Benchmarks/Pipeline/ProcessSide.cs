namespace Notifier.Benchmarks.Pipeline;

/// <summary>A peer as a process of its own, which answers with the time it took.</summary>
internal sealed class ProcessSide(Side side) : IPipelineSide
{
    public string Name => side.Name;

    public async Task<TimeSpan> RoundAsync(int events) => TimeSpan.FromSeconds(events / await side.RoundAsync(events));
}
