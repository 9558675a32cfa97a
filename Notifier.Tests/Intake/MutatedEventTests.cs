using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Notifier.Domain;

namespace Notifier.Tests.Intake;

/// <summary>Whatever is done to a valid event, reading it gives an event or names a member, and never throws.</summary>
public sealed class MutatedEventTests
{
    /// <summary>JSON that parses, and is wrong almost everywhere.</summary>
    private static readonly string[] Odd =
    [
        "null", "true", "0", "-1", "1.5", "1e400", "9223372036854775807", "9223372036854775808", "99999999999999999999999999", "\"\"", "\" \"", "\"\\u0000\"", "\"a\\u0000b\"",
        "\"\\ud800\"", "\"\\udc00x\"", "\"\\n\"", "[]", "[{}]", "[null]", "{}", "{\"\\ud800\": 1}", "{\"id\\ud800\": \"x\"}", "\"9999-12-31T23:59:59.9999999Z\"", "\"0001-01-01T00:00:00Z\"",
        "\"2026-02-30T00:00:00Z\"", "\"9999-12-31T23:59:59-14:00\"", "\"1.0\"", "\"active\"", "\"direct\"", "\"http://\"", "\"relay.alive\"", "\"message.edited\"",
        $"\"{new string('x', 70_000)}\"", string.Concat(Enumerable.Repeat("[", 50)) + string.Concat(Enumerable.Repeat("]", 50)),
        string.Concat(Enumerable.Repeat("{\"data\":", 50)) + "1" + new string('}', 50),
    ];

    private static readonly Gen<string> Mutated =
        from type in Gen.OneOf(Golden.Types)
        from changes in Gen.Select(Gen.Int[0, 3], Gen.Int[0, 999], Gen.OneOf(Odd)).Array[1, 3]
        select Change(Golden.Text(type), changes);

    [Fact]
    public void A_mutated_event_is_read_or_its_first_bad_member_named() => Mutated.Sample(json =>
    {
        var read = Golden.Read(json, out var bad);

        Assert.True(read is null != bad is null);
        Assert.True(bad is null || Names(json, bad.Path), $"{bad} is not in the document");
    }, iter: 10_000);

    [Fact]
    public void Mutations_of_both_kinds_are_generated()
    {
        var (read, unreadable) = (0, 0);
        Mutated.Sample(json => _ = Golden.Read(json, out _) is null ? Interlocked.Increment(ref unreadable) : Interlocked.Increment(ref read), iter: 1_000);

        Assert.InRange(read, 100, 900);
        Assert.InRange(unreadable, 100, 900);
    }

    /// <summary>Members taken out, put in under names that are no text, or replaced, each at any place of the document.</summary>
    private static string Change(string json, (int How, int Where, string Odd)[] changes)
    {
        var root = JsonNode.Parse(json)!;
        foreach (var ((how, where, _), i) in changes.Select((change, i) => (change, i)))
        {
            List<JsonNode> places = [];
            Collect(root, places);
            if (places.Count == 0) continue;
            var place = places[where % places.Count];
            switch (place.Parent, how)
            {
                case (JsonObject parent, 0): parent.Remove(place.GetPropertyName()); break;
                case (JsonArray parent, 0): parent.Remove(place); break;
                case (JsonObject parent, 1): parent[$"@name{i}@"] = $"@{i}@"; break;
                default: place.ReplaceWith($"@{i}@"); break;
            }
        }
        // Only in the text can there be what no tree holds: half a character, a number without end.
        var text = root.ToJsonString();
        for (var i = 0; i < changes.Length; i++) text = text.Replace($"\"@{i}@\"", changes[i].Odd).Replace($"@name{i}@", $"no{i}\\ud83d");
        return text;
    }

    private static void Collect(JsonNode? node, List<JsonNode> places)
    {
        if (node?.Parent is not null) places.Add(node);
        if (node is JsonObject members) foreach (var (_, member) in members.ToList()) Collect(member, places);
        else if (node is JsonArray entries) foreach (var entry in entries.ToList()) Collect(entry, places);
    }

    /// <summary>The path leads to a member, or to the one place where it is missing.</summary>
    private static bool Names(string json, string path)
    {
        using var document = JsonDocument.Parse(json);
        var (at, steps) = (document.RootElement, path.Replace("[", ".[").Split('.'));
        for (var i = 1; i < steps.Length; i++)
        {
            var last = i == steps.Length - 1;
            if (steps[i].StartsWith('['))
            {
                if (at.ValueKind != JsonValueKind.Array || int.Parse(steps[i].Trim('[', ']'), null) is var n && n >= at.GetArrayLength()) return false;
                at = at[n];
            }
            else if (at.ValueKind == JsonValueKind.Object && Members(at).TryGetValue(steps[i], out var next)) at = next;
            else return last && at.ValueKind == JsonValueKind.Object;
        }
        return steps[0] == "$";
    }

    private static Dictionary<string, JsonElement> Members(JsonElement element)
    {
        var members = new Dictionary<string, JsonElement>();
        foreach (var property in element.EnumerateObject())
        {
            var name = Encoding.UTF8.GetString(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8PropertyName(property));
            members[name] = property.Value;
        }
        return members;
    }
}
