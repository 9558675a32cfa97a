using System.Text.Json.Nodes;

namespace Notifier.Faults.Driving;

internal sealed record PlannedPerson(string Id, bool HasAddress, bool HasDevice);

/// <param name="At">Since the load began.</param>
/// <param name="Sql">By <c>notifier.publish</c>; else by HTTP.</param>
/// <param name="Twice">Sent again later, by the other door.</param>
internal sealed record PlannedEvent(TimeSpan At, bool Sql, bool Twice, string Id, string Type, JsonObject Data);

/// <summary>Who there is and what happens: all of it from the seed, before anything runs.</summary>
internal sealed class Plan
{
    public const string Site = "acme";

    private const int People = 24, Conversations = 72;

    /// <summary>A conversation is a burst, shorter than the email delay: one email tells of all of it.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(2);

    private static readonly string[] Presences = ["offline", "offline", "offline", "idle", "online", "active"];
    private static readonly string[] Kinds = ["direct", "direct", "mention", "group"];

    private readonly Seeded _random;
    private readonly List<PlannedEvent> _events = [];

    public Plan(Seeded random, TimeSpan length)
    {
        _random = random;
        Persons = [.. Enumerable.Range(0, People).Select(i => new PlannedPerson($"u-{i}", i % 8 != 7, i % 3 != 0))];
        for (var i = 0; i < Conversations; i++) Converse($"c-{i}", length - Burst);
        Events = [.. _events.OrderBy(e => e.At)];
    }

    public IReadOnlyList<PlannedPerson> Persons { get; }

    public IReadOnlyList<PlannedEvent> Events { get; }

    private void Converse(string conversation, TimeSpan latest)
    {
        var start = _random.Between(0, latest.TotalSeconds);
        var people = Enumerable.Range(0, 1 + _random.Below(2)).Select(_ => _random.Of(Persons).Id).Distinct().ToArray();
        var kind = _random.Of(Kinds);
        var messages = 1 + _random.Below(4);
        for (var seq = 1; seq <= messages; seq++)
        {
            var at = start + _random.Between(0, Burst.TotalSeconds);
            Say(at, conversation, people, kind, seq);
            if (_random.Chance(8)) Edit(at + _random.Between(0.05, 1), conversation, seq);
            if (_random.Chance(3)) Delete(at + _random.Between(0.05, 1), conversation, seq);
        }
        foreach (var person in people)
        {
            // Twice and in any order: the mark goes by the higher one.
            for (var looks = _random.Chance(45) ? 1 + _random.Below(2) : 0; looks > 0; looks--) See(start + _random.Between(0, 7), conversation, person, 1 + _random.Below(messages));
            if (_random.Chance(20)) Move(start + _random.Between(0, 4), conversation, person);
        }
    }

    private void Say(TimeSpan at, string conversation, string[] people, string kind, int seq) => Add(at, "message.outcome", new JsonObject
    {
        ["message"] = new JsonObject
        {
            ["id"] = $"{conversation}-m-{seq}",
            ["conversation"] = conversation,
            ["seq"] = seq,
            ["kind"] = kind,
            ["sender"] = new JsonObject { ["id"] = "ada", ["name"] = "Ada" },
            ["text"] = Words(conversation, seq, "said"),
            ["url"] = $"https://acme.example/messages/{conversation}",
        },
        ["recipients"] = new JsonArray([.. people.Select(Outcome)]),
    });

    private JsonNode Outcome(string person)
    {
        var presence = _random.Of(Presences);
        return new JsonObject { ["id"] = person, ["outcome"] = presence == "offline" ? "undelivered" : _random.Of(["sent", "delivered"]), ["presence"] = presence };
    }

    private void Edit(TimeSpan at, string conversation, int seq) => Add(at, "message.edited", new JsonObject
    {
        ["conversation"] = conversation,
        ["id"] = $"{conversation}-m-{seq}",
        ["seq"] = seq,
        ["text"] = Words(conversation, seq, "edited"),
    });

    private void Delete(TimeSpan at, string conversation, int seq) =>
        Add(at, "message.deleted", new JsonObject { ["conversation"] = conversation, ["id"] = $"{conversation}-m-{seq}", ["seq"] = seq });

    private void See(TimeSpan at, string conversation, string person, int seq) =>
        Add(at, "conversation.seen", new JsonObject { ["recipient"] = person, ["conversation"] = conversation, ["seq"] = seq });

    private void Move(TimeSpan at, string conversation, string person)
    {
        var presence = _random.Of(Presences);
        Add(at, "presence.changed", new JsonObject { ["recipient"] = person, ["presence"] = presence, ["conversation"] = presence == "active" ? conversation : null, ["node"] = "relay-1" });
    }

    private void Add(TimeSpan at, string type, JsonObject data)
    {
        data["site"] = Site;
        _events.Add(new PlannedEvent(at, _random.Chance(30), _random.Chance(10), $"e-{_events.Count}", type, data));
    }

    /// <summary>By these words a message is known again in a mail.</summary>
    private static string Words(string conversation, int seq, string verb) => $"#{conversation}-m-{seq}# was {verb}";
}
