namespace Notifier.Faults.Injecting;

/// <summary>What can befall Hangfire's rows.</summary>
internal static class AlarmClocks
{
    /// <summary>A lock that a worker left behind: nobody will ever release it.</summary>
    public static async Task LockAsync(Act act)
    {
        while (act.Goes)
        {
            await act.PauseAsync(1, 3);
            act.Fault("Hangfire's lock row is left behind");
            await Databases.SqlAsync(act,
                """
                INSERT INTO hangfire.lock (resource, updatecount, acquired) VALUES ('hangfire:locks:schedulepoller', 0, now() AT TIME ZONE 'UTC')
                ON CONFLICT DO NOTHING
                """);
        }
        act.Healed("Hangfire");
    }

    /// <summary>Somebody deletes the jobs, and goes on when the load has ended: one alarm that rings late would wake everybody who is due.</summary>
    public static async Task DeleteAsync(Act act)
    {
        for (var more = 6; act.Goes || more > 0; more -= act.Goes ? 0 : 1)
        {
            await act.PauseAsync(0.5, 1.5);
            act.Fault("Hangfire's jobs are deleted");
            await Databases.SqlAsync(act, """DELETE FROM hangfire.job; DELETE FROM hangfire.set WHERE key = 'schedule'""");
        }
        act.Healed("Hangfire");
    }
}
