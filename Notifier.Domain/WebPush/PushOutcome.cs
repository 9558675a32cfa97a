using System.Globalization;

namespace Notifier.Domain.WebPush;

/// <summary>How a request to a push service ended. A closed set: what to do follows from it alone.</summary>
public enum PushResult
{
    /// <summary>200–202: the push service has it.</summary>
    Accepted,

    /// <summary>404, 410: the subscription is gone. That registration is removed, unless it was made anew since.</summary>
    SubscriptionGone,

    /// <summary>413: too large. Once more without its text.</summary>
    TooLarge,

    /// <summary>429, or 406 from WNS: less, please. Held for as long as asked; never dropped.</summary>
    SlowDown,

    /// <summary>5xx, a timeout, a reset: tried again.</summary>
    Transient,

    /// <summary>3xx: not followed, since a subscription's address is what it is. As <see cref="Transient"/>, with an alarm.</summary>
    Redirected,

    /// <summary>400 and other 4xx: our fault for this message. A dead letter.</summary>
    Rejected,

    /// <summary>401, 403: our key. Nothing is deleted; a breaker counts these.</summary>
    Unauthorized,

    /// <summary>
    /// 400, 401, 403 that say that the subscription was made with another key. Asking again changes nothing, and registering anew does: nothing is deleted, and
    /// the person is told by email. The breaker counts these too: where everybody's key is another one, it is ours that is wrong.
    /// </summary>
    OtherKey,

    /// <summary>Our own guard: the host resolves to an address that is not public. A dead letter.</summary>
    Blocked,
}

/// <param name="RetryAfter">With <see cref="PushResult.SlowDown"/> and 5xx: what the push service asks for, at most an hour.</param>
/// <param name="Answer">The status and what was said with it, as <see cref="PushAnswer.Clean"/> leaves it; for dead letters.</param>
public readonly record struct PushOutcome(PushResult Result, TimeSpan? RetryAfter = null, string Answer = "")
{
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    /// <summary>RFC 9110 §5.6.7: the form of a date that is written today, and the two that must still be read.</summary>
    private static readonly string[] HttpDates = ["ddd, dd MMM yyyy HH:mm:ss 'GMT'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];

    private static readonly string[] OtherKeyWords =
        ["VapidPkHashMismatch", "do not correspond to the credentials used to create the subscription", "VAPID public key mismatch"];

    /// <summary>RFC 8030 §5, §7.3 and §8.4, and what push services make of them.</summary>
    public static PushOutcome Of(int status, string? retryAfter, string body, DateTimeOffset now) => new(
        status switch
        {
            >= 200 and < 300 => PushResult.Accepted,
            >= 300 and < 400 => PushResult.Redirected,
            404 or 410 => PushResult.SubscriptionGone,
            413 => PushResult.TooLarge,
            429 or 406 => PushResult.SlowDown,
            400 or 401 or 403 when SaysOtherKey(body) => PushResult.OtherKey,
            401 or 403 => PushResult.Unauthorized,
            408 or >= 500 => PushResult.Transient,
            _ => PushResult.Rejected,
        },
        ReadRetryAfter(retryAfter, now),
        string.Create(CultureInfo.InvariantCulture, $"{status} {PushAnswer.Clean(body)}").TrimEnd());

    /// <summary>In the words of Apple, of FCM, and of Mozilla.</summary>
    private static bool SaysOtherKey(string body) => OtherKeyWords.Any(words => body.Contains(words, StringComparison.OrdinalIgnoreCase));

    /// <summary>RFC 9110 §10.2.3: seconds or a date. Garbage is no wish; the past is now; a wish for more than an hour is an hour.</summary>
    public static TimeSpan? ReadRetryAfter(string? header, DateTimeOffset now)
    {
        if (string.IsNullOrWhiteSpace(header)) return null;
        TimeSpan wish;
        if (header.Trim().All(char.IsAsciiDigit)) wish = header.Trim().Length > 6 ? LongestRetryAfter : TimeSpan.FromSeconds(int.Parse(header, CultureInfo.InvariantCulture));
        else if (DateTimeOffset.TryParseExact(header.Trim(), HttpDates, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out var date)) wish = date - now;
        else return null;
        return wish < TimeSpan.Zero ? TimeSpan.Zero : wish > LongestRetryAfter ? LongestRetryAfter : wish;
    }
}

/// <summary>When a push message that met a passing fault is tried again: 5 s, 30 s, 2 min, 10 min, then every 30 min, ± 20 %; until its TTL ends.</summary>
public static class PushRetry
{
    /// <summary>The waits; the last one holds from then on.</summary>
    public static readonly IReadOnlyList<TimeSpan> Steps =
        [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30)];

    /// <param name="attempts">Attempts that failed, at least 1.</param>
    /// <param name="jitter">From 0 to 1: keeps what failed together from coming back together.</param>
    /// <param name="steps">The waits, in place of <see cref="Steps"/>; at least one.</param>
    public static TimeSpan Delay(int attempts, double jitter, IReadOnlyList<TimeSpan>? steps = null)
    {
        steps ??= Steps;
        return steps[Math.Clamp(attempts, 1, steps.Count) - 1] * (0.8 + 0.4 * jitter);
    }
}
