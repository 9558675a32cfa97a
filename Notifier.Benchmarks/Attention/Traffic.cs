using Notifier.Domain;

namespace Notifier.Benchmarks.Attention;

/// <summary>A message to the person of the simulation, who is away from the site.</summary>
internal sealed record Post(string Conversation, long Seq, DateTimeOffset At, MessageKind Kind);

/// <summary>The person opens the conversation and reads all there is.</summary>
internal sealed record Reading(string Conversation, DateTimeOffset At);

/// <summary>A pattern of messages; <see cref="Readings"/> is when the person comes by, in the runs in which they do.</summary>
internal sealed record Traffic(string Name, IReadOnlyList<Post> Posts, IReadOnlyList<Reading> Readings)
{
    public static DateTimeOffset Start { get; } = new(2026, 11, 24, 9, 0, 0, TimeSpan.Zero);

    public static IReadOnlyList<Traffic> Patterns { get; } =
    [
        new("30 messages in 5 minutes", [.. Every(10, 30).Select((s, i) => Direct("a", i, s))], [At("a", 3)]),
        new("3 a minute for 2 h", [.. Every(20, 360).Select((s, i) => Direct("a", i, s))], [At("a", 45)]),
        new("1 per 20 min for 12 h", [.. Every(1200, 36).Select((s, i) => Direct("a", i, s))], [At("a", 95), At("a", 395)]),
        new("3 bursts", [.. new[] { 0, 120, 420 }.SelectMany(minute => Every(15, 8).Select(s => minute * 60 + s)).Select((s, i) => Direct("a", i, s))], [At("a", 130)]),
        new("a day of a busy group", BusyDay(), [At("group", 95), At("group", 350)]),
    ];

    /// <summary>Ten hours of a group that talks more at some hours than at others, and now and then somebody writes to the person alone.</summary>
    private static IReadOnlyList<Post> BusyDay()
    {
        int[] perHour = [20, 60, 30, 90, 10, 45, 120, 60, 15, 6];
        var group = perHour.SelectMany((n, hour) => Every(3600 / n, n).Select(s => hour * 3600 + s / 10 * 10));
        int[] alone = [25 * 60, 26 * 60, 90 * 60, 300 * 60, 301 * 60, 345 * 60];
        return [.. group.Select((s, i) => new Post("group", i + 1, Start.AddSeconds(s), MessageKind.Group)), .. alone.Select((s, i) => Direct("ada", i, s))];
    }

    private static IEnumerable<int> Every(int seconds, int count) => Enumerable.Range(0, count).Select(i => i * seconds);

    private static Post Direct(string conversation, int index, int second) => new(conversation, index + 1, Start.AddSeconds(second), MessageKind.Direct);

    /// <summary>Five seconds past the minute, when no message arrives.</summary>
    private static Reading At(string conversation, int minute) => new(conversation, Start.AddMinutes(minute).AddSeconds(5));
}
