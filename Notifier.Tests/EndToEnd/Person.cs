using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>Somebody who is told; and what the relay says of them.</summary>
public sealed class Person(Stage stage, string id, string address)
{
    private static int _events;

    public string Id => id;

    public string Address => address;

    public TestSubscription? Device { get; private set; }

    public async Task<TestSubscription> RegisterDeviceAsync(string? device = null)
    {
        Device = stage.Push.NewSubscription();
        Device.Json["device"] = device;
        await RegisterAsync(Device);
        return Device;
    }

    public Task RegisterAsync(TestSubscription device) => stage.PutAsync($"/v1/sites/acme/recipients/{id}/subscriptions", device.Json);

    /// <summary>A conversation of theirs, which no other test uses.</summary>
    public string Conversation(string name) => $"{id}-{name}";

    public string Message(string name) => $"{id}-{name}";

    public object Said(
        string conversation, string message, long seq, string outcome = "undelivered", string presence = "offline", DateTimeOffset? sentAt = null, string kind = "direct",
        string? activeIn = null, string text = "Is it still available?", string sender = "ada", string? url = null, bool urgent = false) => Event("message.outcome", new
        {
            site = "acme",
            message = new
            {
                id = Message(message),
                conversation = Conversation(conversation),
                seq,
                kind,
                text,
                urgent,
                sentAt,
                sender = new { id = sender, name = "Ada" },
                url = url ?? $"https://acme.example/messages/{Conversation(conversation)}",
            },
            recipients = new[] { new { id, outcome, presence, conversation = activeIn is null ? null : Conversation(activeIn) } },
        }, sentAt);

    /// <param name="device">The relay's name for the browser it was read in.</param>
    public object Saw(string conversation, long seq, string? device = null) =>
        Event("conversation.seen", new { site = "acme", recipient = id, conversation = Conversation(conversation), seq, device });

    public object Is(string presence, string? conversation = null, DateTimeOffset? lastActiveAt = null, DateTimeOffset? at = null) => Event("presence.changed", new
    {
        site = "acme",
        recipient = id,
        presence,
        conversation = conversation is null ? null : Conversation(conversation),
        lastActiveAt,
        node = "relay-1",
    }, at);

    public object Edited(string conversation, string message, long seq, string text) =>
        Event("message.edited", new { site = "acme", conversation = Conversation(conversation), id = Message(message), seq, text });

    public object Deleted(string conversation, string message, long seq) =>
        Event("message.deleted", new { site = "acme", conversation = Conversation(conversation), id = Message(message), seq });

    public static object Event(string type, object data, DateTimeOffset? time = null) => new
    {
        specversion = "1.0",
        id = $"e-{Interlocked.Increment(ref _events)}",
        source = "/sites/acme/relay-1",
        type,
        time,
        data,
    };
}
