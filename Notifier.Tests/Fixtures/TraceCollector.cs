using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Notifier.Tests.Fixtures;

/// <param name="Raw">All its bytes, as text.</param>
public sealed record Span(string Trace, string Parent, string Name, string Raw);

/// <summary>A collector of traces that speaks OTLP (protobuf over HTTP).</summary>
internal sealed class TraceCollector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TraceCollector(WebApplication app) => _app = app;

    public Journal<Span> Spans { get; } = new();

    /// <summary>What a process needs to send its traces here, at once.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _app.Urls.Single(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
    };

    public static async Task<TraceCollector> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var collector = new TraceCollector(app);
        app.MapPost("/v1/traces", collector.TakeAsync);
        await app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> TakeAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        // ExportTraceServiceRequest.resource_spans.scope_spans.spans (opentelemetry-proto, trace.proto)
        foreach (var span in Fields(body.ToArray(), 1).SelectMany(r => Fields(r, 2)).SelectMany(s => Fields(s, 2)))
            Spans.Add(new Span(
                Convert.ToHexStringLower(Fields(span, 1).Single()), Convert.ToHexStringLower(Fields(span, 4).Single()),
                Encoding.UTF8.GetString(Fields(span, 5).Single()), Encoding.UTF8.GetString(span)));
        return Results.Ok();
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
