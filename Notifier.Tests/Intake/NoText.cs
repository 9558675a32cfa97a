using System.Text;

namespace Notifier.Tests.Intake;

/// <summary>JSON that parses and holds what is no text: half of a surrogate pair, or bytes that are not UTF-8, as a member's name or its value.</summary>
internal static class NoText
{
    /// <summary>Each of them as one more member. A name that begins as one that is looked for is taken apart at a look-up.</summary>
    private static readonly string[] Members =
    [
        "\"x\": \"\\ud800\"", "\"x\": \"\u00ff\"", "\"\\ud800\": 1", "\"\u00ff\": 1", "\"sit\\ud800\": 1", "\"s\\ud800\": 1", "\"dat\\ud800\": 1", "\"i\\ud800\": 1",
        "\"traceparen\\ud800\": 1", "\"traceparen\\ud800\": \"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"", "\"traceparent\": \"\u00ff\"", "\"specversio\\ud800\": 1",
    ];

    /// <summary>And in place of a value that has to be text.</summary>
    private static readonly string[] Values = ["\"\\ud800\"", "\"\u00ff\""];

    /// <param name="json">An object that is good as it is.</param>
    public static IEnumerable<byte[]> In(string json)
    {
        var places = Enumerable.Range(0, json.Length).Where(at => json[at] == '{').ToArray();
        foreach (var at in places)
            foreach (var member in Members)
            {
                var comma = json[(at + 1)..].TrimStart().StartsWith('}') ? "" : ",";
                yield return Bytes($"{json[..(at + 1)]}{member}{comma}{json[(at + 1)..]}");
            }
        foreach (var value in Values)
            for (var at = json.IndexOf(": \"", StringComparison.Ordinal); at >= 0; at = json.IndexOf(": \"", at + 1, StringComparison.Ordinal))
                yield return Bytes($"{json[..(at + 2)]}{value}{json[(json.IndexOf('"', at + 3) + 1)..]}");
    }

    /// <summary>Every character one byte, so that <c>ÿ</c> is 0xFF, which no UTF-8 has.</summary>
    private static byte[] Bytes(string json) => Encoding.Latin1.GetBytes(json);
}
