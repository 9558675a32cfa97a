namespace Notifier.Domain.Email;

/// <summary>When an email that met a transient refusal is tried again: 1, 5, 15, 60 min, then hourly, to 24 h in all.</summary>
/// <remarks>RFC 5321 section 4.5.4.1 asks for 4–5 days of a relay; a notification that is a day old is of no use to anyone.</remarks>
public static class EmailRetry
{
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromHours(24);

    /// <summary>The waits before those that are hourly.</summary>
    public static readonly IReadOnlyList<TimeSpan> Steps =
        [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(60)];

    private static readonly TimeSpan Hourly = TimeSpan.FromHours(1);

    /// <summary>How long to wait before the next attempt, or null to give up.</summary>
    /// <param name="attempts">Attempts that failed so far, at least 1. What burns no attempt is not counted.</param>
    /// <param name="age">Time since the first of them.</param>
    /// <param name="last">The refusal; a full mailbox or disk waits an hour from the start.</param>
    /// <param name="steps">The first waits, in place of <see cref="Steps"/>.</param>
    public static TimeSpan? Delay(int attempts, TimeSpan age, SmtpOutcome.Transient last, IReadOnlyList<TimeSpan>? steps = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1);
        steps ??= Steps;
        var delay = attempts <= steps.Count && !last.WaitsLong ? steps[attempts - 1] : Hourly;
        return age + delay <= GiveUpAfter ? delay : null;
    }
}
