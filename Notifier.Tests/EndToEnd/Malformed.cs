using System.Text.Json.Nodes;
using CsCheck;

namespace Notifier.Tests.EndToEnd;

/// <summary>Events that were good once: a member taken away, renamed, or put in place of by something else, as bugs of relays do.</summary>
internal static class Malformed
{
    private static readonly string[] Junk =
    [
        "null", "true", "-1", "1e400", "9223372036854775808", "0.5", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"a\\u0007b\"", "[]", "{}", "[[]]", "\"2026-13-45T99:99:99Z\"",
        "\"javascript:alert(1)\"", "\"'; DROP TABLE notifier.inbox; --\"", $"\"{new string('x', 300)}\"", "\"delivered \"", "[null]", "{\"id\":null}",
    ];

    private static readonly string[] Good =
    [
        """{"specversion":"1.0","id":"ID","source":"/malformed","type":"message.outcome","time":"2026-11-24T02:41:00Z","data":{"site":"bad","message":{"id":"m","conversation":"c","seq":1,"kind":"direct","title":"t","sender":{"id":"u","name":"n"},"text":"hi","sentAt":"2026-11-24T02:41:00Z","url":"https://acme.example/","urgent":false,"expiresAt":"2026-12-24T02:41:00Z"},"recipients":[{"id":"a","outcome":"undelivered","presence":"offline"},{"id":"b","outcome":"delivered","presence":"active","conversation":"c","lastActiveAt":"2026-11-24T02:41:00Z","mentioned":true}]}}""",
        """{"specversion":"1.0","id":"ID","source":"/malformed","type":"conversation.seen","data":{"site":"bad","recipient":"a","conversation":"c","seq":1,"at":"2026-11-24T02:41:00Z"}}""",
        """{"specversion":"1.0","id":"ID","source":"/malformed","type":"presence.changed","data":{"site":"bad","recipient":"a","presence":"active","conversation":"c","lastActiveAt":"2026-11-24T02:41:00Z","node":"n"}}""",
        """{"specversion":"1.0","id":"ID","source":"/malformed","type":"message.edited","data":{"site":"bad","conversation":"c","id":"m","seq":1,"text":"x"}}""",
        """{"specversion":"1.0","id":"ID","source":"/malformed","type":"message.deleted","data":{"site":"bad","conversation":"c","id":"m","seq":1}}""",
        """{"specversion":"1.0","id":"ID","source":"/malformed","type":"relay.alive","data":{"site":"bad","node":"n","leaseSeconds":45}}""",
    ];

    public static Gen<string> Gen { get; } =
        from id in CsCheck.Gen.Int[0, int.MaxValue]
        from index in CsCheck.Gen.Int[0, Good.Length - 1]
        from path in CsCheck.Gen.Int[0, 1000]
        from junk in CsCheck.Gen.Int[-2, Junk.Length - 1]
        select Spoil(Good[index].Replace("ID", $"{id}"), path, junk);

    private static string Spoil(string json, int pick, int junk)
    {
        var root = JsonNode.Parse(json)!;
        var members = Members(root).ToArray();
        var (parent, name) = members[pick % members.Length];
        if (junk == -2) parent.Remove(name);
        else if (junk == -1)
        {
            var value = parent[name];
            parent.Remove(name);
            parent[name + "s"] = value;
        }
        else return Replaced(root, parent, name, Junk[junk]);
        return root.ToJsonString();
    }

    /// <summary>As text, since not everything that goes over a wire can be a node.</summary>
    private static string Replaced(JsonNode root, JsonObject parent, string name, string junk)
    {
        parent[name] = "JUNK-GOES-HERE";
        return root.ToJsonString().Replace("\"JUNK-GOES-HERE\"", junk);
    }

    private static IEnumerable<(JsonObject Parent, string Name)> Members(JsonNode node) => node switch
    {
        JsonObject o => o.SelectMany(m => Members(m.Value!).Prepend((o, m.Key))),
        JsonArray a => a.SelectMany(e => Members(e!)),
        _ => [],
    };
}
