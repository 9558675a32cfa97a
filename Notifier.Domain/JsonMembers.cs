using System.Globalization;
using System.Text.Json;

namespace Notifier.Domain;

/// <summary>What is wrong with an event, and where.</summary>
/// <param name="Path">The first bad member, as a JSON path: <c>$.data.message.id</c>.</param>
/// <param name="Problem">What is wrong with it, in words that go after the path.</param>
/// <param name="UnknownType">The envelope can be read, but nobody here knows the type: not the sender's mistake, so it is kept as a dead letter.</param>
public sealed record Unreadable(string Path, string Problem, bool UnknownType = false)
{
    public override string ToString() => $"{Path} {Problem}";
}

/// <summary>The members of one JSON object, read with their paths. The first fault is kept and reading goes on with stand-ins, so that callers read straight through and ask once.</summary>
internal sealed class JsonMembers
{
    private const string NameIsNoText = "holds a member whose name is not text"; // half of a surrogate pair, or bytes that are not UTF-8

    private static readonly JsonElement Empty = JsonElement.Parse("{}");
    private readonly JsonElement _element;
    private readonly string _path;
    private readonly Faults _faults;

    /// <summary>The first fault of a whole document.</summary>
    internal sealed class Faults
    {
        public Unreadable? First { get; private set; }
        public void Add(string path, string problem, bool unknownType = false) => First ??= new Unreadable(path, problem, unknownType);
    }

    public JsonMembers(JsonElement element, string path, Faults faults)
    {
        (_element, _path, _faults) = (element, path, faults);
        if (element.ValueKind != JsonValueKind.Object) faults.Add(path, "must be an object");
    }

    public bool Has(string name) => Find(name) is not null;

    /// <summary>A string that must be there: not empty, no control characters, at most <paramref name="max"/> characters.</summary>
    public string Id(string name, int max = 200)
    {
        if (OptionalString(name, max) is { } text && (text.Length > 0 || Fault(name, "must not be empty")))
        {
            if (HasControl(text)) Fault(name, "must not contain control characters");
            return text;
        }
        Fault(name, "is missing");
        return "";
    }

    /// <summary>Unicode's category Cc.</summary>
    private static bool HasControl(string text) => text.AsSpan().ContainsAnyInRange('\0', '\u001f') || text.AsSpan().ContainsAnyInRange('\u007f', '\u009f');

    public string? OptionalId(string name) => Find(name) is null ? null : Id(name);

    /// <summary>Free text; a NUL is refused, since PostgreSQL cannot keep it.</summary>
    public string? OptionalString(string name, int max)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.String) return Bad(name, "must be a string");
        string? text;
        try
        {
            text = value.GetString();
        }
        catch (InvalidOperationException)
        {
            return Bad(name, "is not text"); // a lone \ud800 is well-formed JSON, and so are bytes that are not UTF-8
        }
        if (text!.Length > max) return Bad(name, $"must be at most {max} characters");
        return text.Contains('\0') ? Bad(name, "must not contain NUL") : text;
    }

    public T Word<T>(string name, params ReadOnlySpan<(string Word, T Value)> words)
    {
        var text = OptionalString(name, 50);
        foreach (var (word, value) in words)
            if (word == text) return value;
        Fault(name, text is null ? "is missing" : $"must be one of {string.Join(", ", words.ToArray().Select(w => w.Word))}");
        return default!;
    }

    public DateTimeOffset? OptionalTime(string name)
    {
        if (OptionalString(name, 40) is not { } text) return null;
        // RFC 3339: the offset is part of it; a time without one could mean anything.
        if (text.Length >= 20 && text[10] is 'T' or 't' && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-')
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            && time.Year >= 1970)
            return time;
        Fault(name, "must be an RFC 3339 time with its offset, such as 2026-11-24T02:41:00.123Z");
        return null;
    }

    public long? OptionalInteger(string name, long min, long max)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max) return number;
        Fault(name, $"must be a whole number from {min} to {max}");
        return null;
    }

    public long Integer(string name, long min, long max)
    {
        if (Find(name) is null) Fault(name, "is missing");
        return OptionalInteger(name, min, max) ?? min;
    }

    public bool Flag(string name, bool otherwise = false)
    {
        if (Find(name) is not { } value) return otherwise;
        return value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => Fault(name, "must be true or false") && otherwise };
    }

    public TimeSpan? OptionalDuration(string name, TimeSpan min, TimeSpan max)
    {
        if (OptionalString(name, 20) is not { } text) return null;
        if (TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var duration) && duration > TimeSpan.Zero && duration >= min && duration <= max) return duration;
        Fault(name, $"must be a duration from {min} to {max}, such as 00:10:00");
        return null;
    }

    /// <summary>Whole numbers in an array; none where the member is missing.</summary>
    public IReadOnlyList<int> Integers(string name, int min, int max)
    {
        if (Find(name) is not { } value) return [];
        var numbers = new List<int>();
        if (value.ValueKind != JsonValueKind.Array) Fault(name, "must be an array");
        else
            foreach (var entry in value.EnumerateArray())
                if (entry.ValueKind == JsonValueKind.Number && entry.TryGetInt32(out var number) && number >= min && number <= max) numbers.Add(number);
                else Fault($"{name}[{numbers.Count}]", $"must be a whole number from {min} to {max}");
        return numbers;
    }

    /// <summary>Ids in an array that must be there and must not be empty; each once, in their order.</summary>
    public string[] Ids(string name, int max, int longest = 200)
    {
        if (Find(name) is not { } value) Fault(name, "is missing");
        else if (value.ValueKind != JsonValueKind.Array) Fault(name, "must be an array");
        else if (value.GetArrayLength() is 0) Fault(name, "must not be empty");
        else if (value.GetArrayLength() > max) Fault(name, $"must hold at most {max} entries");
        else
        {
            var ids = new List<string>(value.GetArrayLength());
            foreach (var entry in value.EnumerateArray())
            {
                if (JsonText.Of(entry) is not { Length: > 0 } id || id.Length > longest || HasControl(id))
                {
                    Fault($"{name}[{ids.Count}]", $"must be a string of 1 to {longest} characters, and none of them a control character");
                    return [];
                }
                ids.Add(id);
            }
            return [.. ids.Distinct(StringComparer.Ordinal)];
        }
        return [];
    }

    public string? OptionalLink(string name)
    {
        if (OptionalString(name, 2048) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http") return text;
        return Bad(name, "must be an absolute http or https address");
    }

    public JsonMembers Object(string name)
    {
        if (Find(name) is { } value) return new JsonMembers(value, PathOf(name), _faults);
        Fault(name, "is missing");
        return new JsonMembers(Empty, PathOf(name), _faults);
    }

    /// <summary>The members that are objects themselves, by name.</summary>
    public List<(string Name, JsonMembers Members)> Children(int max)
    {
        if (_element.ValueKind != JsonValueKind.Object) return [];
        var children = new Dictionary<string, JsonMembers>();
        try
        {
            foreach (var property in _element.EnumerateObject())
                children[property.Name] = new JsonMembers(property.Value, PathOf(property.Name), _faults);
        }
        catch (InvalidOperationException)
        {
            _faults.Add(_path, NameIsNoText);
        }
        if (children.Count > max) _faults.Add(_path, $"must hold at most {max} entries");
        return [.. children.Select(c => (c.Key, c.Value))];
    }

    public List<JsonMembers> Objects(string name, int max, bool mayBeEmpty = false)
    {
        if (Find(name) is not { } value) Fault(name, "is missing");
        else if (value.ValueKind != JsonValueKind.Array) Fault(name, "must be an array");
        else if (!mayBeEmpty && value.GetArrayLength() is 0) Fault(name, "must not be empty");
        else if (value.GetArrayLength() > max) Fault(name, $"must hold at most {max} entries");
        else return [.. value.EnumerateArray().Select((entry, i) => new JsonMembers(entry, $"{PathOf(name)}[{i}]", _faults))];
        return [];
    }

    public bool Fault(string name, string problem)
    {
        _faults.Add(PathOf(name), problem);
        return true;
    }

    private string? Bad(string name, string problem)
    {
        Fault(name, problem);
        return null;
    }

    /// <summary>The member, if it is there and not null.</summary>
    private JsonElement? Find(string name)
    {
        try
        {
            return _element.ValueKind == JsonValueKind.Object && _element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }
        catch (InvalidOperationException)
        {
            _faults.Add(_path, NameIsNoText);
            return null;
        }
    }

    private string PathOf(string name) => $"{_path}.{name}";
}
