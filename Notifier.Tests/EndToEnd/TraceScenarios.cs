using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
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

    /// <param name="Raw">All its bytes, as text.</param>
    public sealed record Span(string Trace, string Parent, string Name, string Raw);

    public sealed class TraceStage(PostgresCluster cluster) : Stage(cluster)
    {
        private WebApplication _collector = null!;

        internal Journal<Span> Spans { get; } = new();

        public override async ValueTask InitializeAsync()
        {
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            _collector = builder.Build();
            _collector.MapPost("/v1/traces", async (HttpRequest request) =>
            {
                using var body = new MemoryStream();
                await request.Body.CopyToAsync(body);
                // ExportTraceServiceRequest.resource_spans.scope_spans.spans (opentelemetry-proto, trace.proto)
                foreach (var span in Fields(body.ToArray(), 1).SelectMany(r => Fields(r, 2)).SelectMany(s => Fields(s, 2)))
                    Spans.Add(new Span(
                        Convert.ToHexStringLower(Fields(span, 1).Single()), Convert.ToHexStringLower(Fields(span, 4).Single()),
                        Encoding.UTF8.GetString(Fields(span, 5).Single()), Encoding.UTF8.GetString(span)));
                return Results.Ok();
            });
            await _collector.StartAsync();
            await base.InitializeAsync();
        }

        protected override Dictionary<string, string> Settings() => new(base.Settings())
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _collector.Urls.Single(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        };

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await _collector.DisposeAsync();
            GC.SuppressFinalize(this);
        }

        /// <summary>The fields of a protobuf message that have a number and are of bytes.</summary>
        private static List<byte[]> Fields(byte[] message, int wanted)
        {
            var found = new List<byte[]>();
            for (var at = 0; at < message.Length;)
            {
                var tag = Varint(message, ref at);
                switch (tag & 7)
                {
                    case 0: Varint(message, ref at); break;
                    case 1: at += 8; break;
                    case 5: at += 4; break;
                    default:
                        var length = (int)Varint(message, ref at);
                        if (tag >> 3 == (ulong)wanted) found.Add(message[at..(at + length)]);
                        at += length;
                        break;
                }
            }
            return found;
        }

        private static ulong Varint(byte[] message, ref int at)
        {
            var value = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                var next = message[at++];
                value |= (ulong)(next & 127) << shift;
                if (next < 128) return value;
            }
        }
    }
}
