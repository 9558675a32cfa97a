namespace Notifier.Faults.Stage;

/// <summary>The ladder in seconds instead of minutes.</summary>
internal static class Pace
{
    /// <summary>A claim on an email or a push message, and what a dead worker leaves locked in Hangfire's tables, last this long.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(4);

    /// <summary>The slowest poll: the sweep for lost alarms, with its tolerance.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    /// <summary>No email goes sooner.</summary>
    public static readonly TimeSpan EmailDelayFloor = TimeSpan.FromSeconds(3);

    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Escalation__EmailDelay"] = "00:00:04",
        ["Escalation__GroupEmailDelay"] = "00:00:04",
        ["Escalation__EmailDelayFloor"] = $"{EmailDelayFloor}",
        ["Escalation__QuietPeriod"] = "00:00:00.500",
        ["Escalation__MaxQuietWait"] = "00:00:02",
        ["Escalation__MaxPresenceDelay"] = "00:00:06",
        ["Escalation__PresenceLease"] = "00:00:03",
        ["Escalation__ActiveWait"] = "00:00:01",
        ["Escalation__OnlineWait"] = "00:00:02",
        ["Escalation__IdleWait"] = "00:00:01",
        ["Email__Lease"] = "00:00:04",
        ["Email__ConnectTimeout"] = "00:00:02",
        ["Email__CommandTimeout"] = "00:00:02",
        ["Email__FinalTimeout"] = "00:00:03",
        ["Email__TransportPause"] = "00:00:01",
        ["Email__UnknownPause"] = "00:00:02",
        ["WebPush__Timeout"] = "00:00:02",
        ["WebPush__Lease"] = "00:00:04",
        ["WebPush__KeyPause"] = "00:00:02",
        ["WebPush__Retries__0"] = "00:00:01",
        ["WebPush__Retries__1"] = "00:00:02",
        ["Alarms__Sweep"] = "00:00:01",
        ["Alarms__Tolerance"] = "00:00:01",
        ["Alarms__LockTimeout"] = "00:00:04",
        ["Alarms__InvisibilityTimeout"] = "00:00:04",
    }.Concat(Enumerable.Range(0, 20).Select(i => KeyValuePair.Create($"Email__Retries__{i}", "00:00:01.500"))).ToDictionary();
}
