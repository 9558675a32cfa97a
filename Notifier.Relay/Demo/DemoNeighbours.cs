using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Notifier.Relay.Demo;

/// <summary>What a site's server says to the relay and to the notifier, with its API key.</summary>
internal sealed class DemoNeighbours(HttpClient http, Uri worker, string apiKey)
{
    /// <param name="relay">The relay's address, as seen from here.</param>
    /// <returns>What the relay answers.</returns>
    public async Task<HttpStatusCode> PublishAsync(Uri relay, DemoConversation conversation, DemoMessage message, DemoPerson sender, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Post, new Uri(relay, "v1/publish"), new
        {
            site = DemoSite.Name,
            id = message.Id,
            to = conversation.Members, // the sender too: it may have other tabs and devices open
            kind = conversation.Kind,
            conversation = conversation.Id,
            seq = message.Seq,
            title = conversation.Title,
            sender = new { id = sender.Id, name = sender.Name },
            sentAt = message.SentAt,
            url = new Uri(relay, $"?open={conversation.Id}"),
            @sealed = message.Sealed,
        }, cancellation);
        return answer.StatusCode;
    }

    /// <summary>A site registers its people with the notifier, so that it knows where to write to.</summary>
    public async Task RegisterAsync(DemoPerson person, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Put, new Uri(worker, $"v1/sites/{DemoSite.Name}/recipients/{person.Id}"), new { email = person.Email, name = person.Name }, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Why a person was, or was not, told of a message; null where nothing was decided yet.</summary>
    public async Task<JsonElement?> WhyAsync(string message, DemoPerson person, CancellationToken cancellation)
    {
        var path = $"v1/sites/{DemoSite.Name}/messages/{Uri.EscapeDataString(message)}/recipients/{person.Id}";
        using var answer = await SendAsync(HttpMethod.Get, new Uri(worker, path), null, cancellation);
        if (answer.StatusCode == HttpStatusCode.NotFound) return null;
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, object? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        if (body is not null) request.Content = JsonContent.Create(body);
        return await http.SendAsync(request, cancellation);
    }
}
