using System.Net;

namespace Notifier.Relay.Demo;

/// <summary>
/// <c>/demo/*</c>: the server of a messaging site, as far as the demo page needs one. You are who you say you are: Development only.
/// </summary>
internal static class DemoEndpoints
{
    private const int LongestText = 4_000, LongestId = 64;

    private sealed record SignIn(string? Who);

    private sealed record Draft(string? Who, string? Conversation, string? Id, string? Text);

    private sealed record Marked(string? Who, string? Conversation, long Seq, bool Seen);

    public static void MapDemo(this IEndpointRouteBuilder app)
    {
        var demo = app.MapGroup("/demo");
        demo.MapGet("/people", (DemoSite site) => site.People);
        demo.MapPost("/sign-in", SignInAsync);
        demo.MapPost("/token", Token);
        demo.MapGet("/conversations", Conversations);
        demo.MapPost("/messages", SendAsync);
        demo.MapPost("/probe", ProbeAsync);
        demo.MapPost("/marks", Mark);
        demo.MapGet("/why/{message}/{who}", WhyAsync);
        demo.MapGet("/mail", (DemoMail mail, CancellationToken cancellation) => mail.ListAsync(cancellation));
        demo.MapGet("/mail/{name}", async (string name, DemoMail mail, CancellationToken cancellation) =>
            await mail.OpenAsync(name, cancellation) is { } opened ? Results.Ok(opened) : Results.NotFound());
    }

    /// <summary>What a site puts into its page for a person who is signed in.</summary>
    private static async Task<IResult> SignInAsync(SignIn body, DemoSite site, DemoKeys keys, DemoNeighbours neighbours, DemoSettings settings, CancellationToken cancellation)
    {
        if (site.Find(body.Who) is not { } person) return Unknown(body.Who);
        string? notifier = null;
        try
        {
            // All of them: whoever is written to may not have opened the page yet.
            foreach (var somebody in site.People) await neighbours.RegisterAsync(somebody, cancellation);
        }
        catch (HttpRequestException e)
        {
            notifier = $"The notifier at {settings.Worker} does not take the registration of {person.Name}: {e.Message}";
        }
        return Results.Ok(new { person.Id, person.Name, person.Email, site = DemoSite.Name, keys = keys.SealingKey, worker = settings.Worker, notifier });
    }

    private static IResult Token(SignIn body, DemoSite site, DemoKeys keys) => site.Find(body.Who) is { } person ? Results.Ok(new { token = keys.Token(person) }) : Unknown(body.Who);

    private static IResult Conversations(string? who, DemoSite site) => site.Find(who) is not { } person ? Unknown(who) : Results.Ok(site.Of(person, c => new
    {
        c.Id,
        c.Kind,
        title = c.Title ?? site.Find(c.Members.First(m => m != person.Id))!.Name,
        c.Members,
        messages = c.Messages.ToArray(),
        delivered = c.Delivered.ToDictionary(),
        seen = c.Seen.ToDictionary(),
    }));

    private static async Task<IResult> SendAsync(Draft draft, HttpContext context, DemoSite site, DemoKeys keys, DemoNeighbours neighbours)
    {
        if (site.Find(draft.Who) is not { } person) return Unknown(draft.Who);
        if (site.Conversation(draft.Conversation, person) is not { } conversation) return Results.NotFound();
        if (Fault(draft) is { } fault) return fault;
        // As a site does it: first its own database, then the relay. What the relay does not take, the person can send again, under the same id.
        var message = site.Keep(conversation, draft.Id!, person, keys.Seal(draft.Text!));
        return Answer(await neighbours.PublishAsync(Relay(context), conversation, message, person, context.RequestAborted), message);
    }

    /// <summary>A message of the latency test: to the person's own tabs, and kept nowhere.</summary>
    private static async Task<IResult> ProbeAsync(Draft draft, HttpContext context, DemoSite site, DemoKeys keys, DemoNeighbours neighbours, TimeProvider clock)
    {
        if (site.Find(draft.Who) is not { } person) return Unknown(draft.Who);
        if (Fault(draft) is { } fault) return fault;
        var now = clock.GetUtcNow();
        var message = new DemoMessage(draft.Id!, now.ToUnixTimeMilliseconds(), person.Id, now, keys.Seal(draft.Text!));
        return Answer(await neighbours.PublishAsync(Relay(context), new($"latency-{person.Id}", "direct", null, [person.Id]), message, person, context.RequestAborted), message);
    }

    private static IResult Mark(Marked mark, DemoSite site)
    {
        if (site.Find(mark.Who) is not { } person) return Unknown(mark.Who);
        if (site.Conversation(mark.Conversation, person) is not { } conversation) return Results.NotFound();
        site.Mark(conversation, person, mark.Seq, mark.Seen);
        return Results.NoContent();
    }

    private static async Task<IResult> WhyAsync(string message, string who, DemoSite site, DemoNeighbours neighbours, CancellationToken cancellation)
    {
        if (site.Find(who) is not { } person) return Unknown(who);
        try
        {
            return await neighbours.WhyAsync(message, person, cancellation) is { } why ? Results.Ok(why) : Results.Ok(new { decisions = Array.Empty<object>() });
        }
        catch (HttpRequestException)
        {
            return Results.Problem("The notifier does not answer.", statusCode: StatusCodes.Status502BadGateway);
        }
    }

    private static IResult? Fault(Draft draft) =>
        draft.Id is not { Length: > 0 and <= LongestId } ? Results.Problem($"id: must be 1 to {LongestId} characters", statusCode: StatusCodes.Status400BadRequest)
        : draft.Text is not { Length: > 0 and <= LongestText } ? Results.Problem($"text: must be 1 to {LongestText} characters", statusCode: StatusCodes.Status400BadRequest)
        : null;

    private static IResult Answer(HttpStatusCode relay, DemoMessage message) =>
        relay == HttpStatusCode.Accepted ? Results.Ok(message) : Results.Problem($"The relay answered {(int)relay}.", statusCode: StatusCodes.Status502BadGateway);

    private static IResult Unknown(string? who) => Results.Problem($"who: there is nobody called {who}", statusCode: StatusCodes.Status400BadRequest);

    /// <summary>This very process, by the door that every site uses.</summary>
    private static Uri Relay(HttpContext context) => new($"http://127.0.0.1:{context.Connection.LocalPort}/");
}
