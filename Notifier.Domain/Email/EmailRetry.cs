namespace Notifier.Domain.Email;

/// <summary>When an email that met a transient refusal is tried again: 1, 5, 15, 60 min, then hourly, to 24 h in all.</summary>
/// <remarks>RFC 5321 section 4.5.4.1 asks for 4–5 days of a relay; a notification that is a day old is of no use to anyone.</remarks>
public static class EmailRetry
{
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromHours(24);

    private static readonly TimeSpan Hourly = TimeSpan.FromHours(1);

    private static readonly TimeSpan[] First =
        [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(60)];

    /// <summary>How long to wait before the next attempt, or null to give up.</summary>
    /// <param name="attempts">Attempts that failed so far, at least 1. What burns no attempt is not counted.</param>
    /// <param name="age">Time since the first of them.</param>
    /// <param name="last">The refusal; a full mailbox or disk waits an hour from the start.</param>
    public static TimeSpan? Delay(int attempts, TimeSpan age, SmtpOutcome.Transient last)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1);
        var delay = attempts <= First.Length && !last.WaitsLong ? First[attempts - 1] : Hourly;
        return age + delay <= GiveUpAfter ? delay : null;
    }
}
