using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Notifier.Worker.Api;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Recipients;

/// <summary><c>GET /v1/sites/{site}/messages/{message}/recipients/{id}</c>: why the person was, or was not, told.</summary>
internal static class WhyEndpoint
{
    // Absent rather than null: most decisions have no end, and many no basis.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // read by people in a terminal: "+00:00", not "\u002B00:00"
    };

    private sealed record Answer(string Site, string Message, string Recipient, IReadOnlyList<Entry> Decisions);

    private sealed record Entry(DateTimeOffset At, string Channel, string Verdict, string Reason, DateTimeOffset? Until, JsonElement? Basis);

    public static async Task<IResult> GetAsync(RoutePath path, TraceStore trace, CancellationToken cancellation)
    {
        var decisions = await trace.ReadAsync(path.Site, path.Message, path.Recipient, cancellation);
        return decisions.Count == 0
            ? ApiProblem.Of(StatusCodes.Status404NotFound, "No decision is known on this message for this person: nothing was reported of it, it still waits in the inbox, or it is older than 30 days.")
            : Results.Json(new Answer(path.Site, path.Message, path.Recipient, [.. decisions.Select(Written)]), Json);
    }

    private static Entry Written(TracedDecision d) => new(
        d.At.ToUniversalTime(), d.Channel, d.Verdict, d.Reason, d.Until?.ToUniversalTime(), d.Basis is null ? null : JsonElement.Parse(d.Basis));
}
