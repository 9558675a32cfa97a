using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Relay.Operations;
using Notifier.Relay.Outcomes;
using Notifier.Worker.Operations;

namespace Notifier.Tests.Docs;

public sealed class OperationsPageTests
{
    [Fact]
    public void Every_instrument_is_on_the_page()
    {
        var page = File.ReadAllText(Repository.File("docs/operations.md"));
        var names = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => { if (instrument.Meter.Name is NotifierMetrics.MeterName or RelayMetrics.MeterName) lock (names) names.Add(instrument.Name); } };
        listener.Start();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        _ = new NotifierMetrics(services.GetRequiredService<IMeterFactory>());
        _ = new RelayMetrics(services.GetRequiredService<IMeterFactory>(), new Reports());

        Assert.True(names.Count >= 12);
        foreach (var name in names) Assert.Contains(name, page);
    }
}
