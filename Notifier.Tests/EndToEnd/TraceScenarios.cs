using System.Text.Json.Nodes;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>From the relay's event to the push message and the email: one trace, at a collector that speaks OTLP.</summary>
public sealed class TraceScenarios(TraceScenarios.TraceStage stage) : IClassFixture<TraceScenarios.TraceStage>
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c", Relays = "b7ad6b7169203331";

    [Fact]
    public async Task The_events_trace_goes_through_to_the_push_message_and_hours_later_to_the_email()
    {
        var bob = await stage.PersonAsync();
        var said = System.Text.Json.JsonSerializer.SerializeToNode(bob.Said("c", "m", 1))!.AsObject();
        said["traceparent"] = $"00-{Trace}-{Relays}-01";
        await stage.PublishAsync(said);
        await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon);
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "push told accepted"); // hours that pass meanwhile would outlast its lease, and it would go out again
        await stage.AdvanceAsync(TimeSpan.FromMinutes(11));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);

        await stage.Spans.WaitForAsync(s => s.Name == "notifier.email", Stage.Soon, "the email's span");
        await stage.Spans.WaitForAsync(s => s.Name == "notifier.push", Stage.Soon, "the push message's span");
        var spans = stage.Spans.Entries;
        Assert.Equal(["notifier.accept", "notifier.decide", "notifier.email", "notifier.push"], spans.Select(s => s.Name).Order(StringComparer.Ordinal));
        Assert.All(spans, s => Assert.Equal((Trace, Relays), (s.Trace, s.Parent)));
        // Nothing of the person, nor of what was said.
        foreach (var word in new[] { bob.Id, bob.Address, bob.Device!.Id, "Is it still available?", "Ada", bob.Conversation("c"), bob.Message("m") })
            Assert.All(spans, s => Assert.DoesNotContain(word, s.Raw, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData(7)]
    public async Task A_traceparent_that_is_none_hinders_nothing(object value)
    {
        var bob = await stage.PersonAsync();
        var said = System.Text.Json.JsonSerializer.SerializeToNode(bob.Said("c", "m", 1))!.AsObject();
        said["traceparent"] = JsonValue.Create(value);

        await stage.PublishAsync(said);

        await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon);
    }

    public sealed class TraceStage(PostgresCluster cluster) : Stage(cluster)
    {
        private TraceCollector _collector = null!;

        internal Journal<Span> Spans => _collector.Spans;

        public override async ValueTask InitializeAsync()
        {
            _collector = await TraceCollector.StartAsync();
            await base.InitializeAsync();
        }

        protected override Dictionary<string, string> Settings() => new(base.Settings().Concat(_collector.Settings));

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await _collector.DisposeAsync();
            GC.SuppressFinalize(this);
        }
    }
}
