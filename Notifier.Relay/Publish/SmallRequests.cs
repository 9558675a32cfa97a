using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Publish;

/// <summary><c>POST /v1/typing</c> and <c>POST /v1/disconnect</c>.</summary>
internal sealed class SmallRequests(Switchboard switchboard, Signals signals)
{
    public const int MaxBytes = 1024 * 1024;

    public Task<IResult> TypingAsync(HttpRequest request) => ReadAsync(request, members =>
    {
        var (site, conversation, from) = (members.Id("site", 100), members.Id("conversation"), members.Id("from"));
        var to = members.Ids("to", PublishReader.MaxRecipients);
        return (site, () => signals.Send(site, to, () => RelayFrames.Typing(conversation, from)));
    });

    public Task<IResult> DisconnectAsync(HttpRequest request) => ReadAsync(request, members =>
    {
        var person = new RecipientKey(members.Id("site", 100), members.Id("recipient"));
        return (person.Site, () => Disconnect(person));
    });

    private void Disconnect(RecipientKey person)
    {
        switchboard.Disconnect(person);
        signals.TellNodes(person.Site, person.Recipient, NodeFrames.Disconnect);
    }

    private static async Task<IResult> ReadAsync(HttpRequest request, Func<JsonMembers, (string Site, Action Act)> read)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, new JsonDocumentOptions { MaxDepth = 16 }, request.HttpContext.RequestAborted);
            var faults = new JsonMembers.Faults();
            var (site, act) = read(new JsonMembers(document.RootElement, "$", faults));
            if (faults.First is { } bad) return ApiProblem.Of(StatusCodes.Status400BadRequest, $"{bad}.", bad.Path);
            if (ApiKeys.OnlySite(request.HttpContext.User) is { } only && only != site) return ApiKeys.OfAnotherSite("$.site");
            act();
            return Results.NoContent();
        }
        catch (JsonException e)
        {
            return ApiProblem.Of(StatusCodes.Status400BadRequest, $"$ is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", "$");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return ApiProblem.Of(StatusCodes.Status413PayloadTooLarge, "The body must be at most 1 MiB.");
        }
    }
}
