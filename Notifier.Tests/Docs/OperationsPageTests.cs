using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Worker.Operations;

namespace Notifier.Tests.Docs;

public sealed class OperationsPageTests
{
    [Fact]
    public void Every_instrument_is_on_the_page()
    {
        var page = File.ReadAllText(Repository.File("docs/operations.md"));
        var names = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => { if (instrument.Meter.Name == NotifierMetrics.MeterName) lock (names) names.Add(instrument.Name); } };
        listener.Start();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        _ = new NotifierMetrics(services.GetRequiredService<IMeterFactory>());

        Assert.True(names.Count >= 5);
        foreach (var name in names) Assert.Contains(name, page);
    }
}
