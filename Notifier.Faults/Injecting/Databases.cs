using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Faults.Injecting;

/// <summary>What can befall the database, and the way there.</summary>
internal static class Databases
{
    /// <summary><c>pg_ctl -m immediate</c> under load.</summary>
    public static async Task CrashAsync(Act act)
    {
        for (var round = 0; round < 2; round++)
        {
            await act.PauseAsync(2, 4);
            act.Fault("PostgreSQL crashes");
            await act.Cast.Server.CrashAsync();
            await act.PauseAsync(0.2, 1.5);
            await act.Cast.Server.StartAsync();
            act.Healed("PostgreSQL");
        }
    }

    /// <summary>Every connection is ended by the server.</summary>
    public static async Task TerminateAsync(Act act)
    {
        while (act.Goes)
        {
            await act.PauseAsync(0.5, 1.5);
            act.Fault("all backends terminated");
            await SqlAsync(act, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
            act.Healed("all backends");
        }
    }

    /// <summary>A worker is cut off: connections reset, new ones refused; and now and then a connection that ends in the middle of a sentence.</summary>
    public static async Task PartitionAsync(Act act)
    {
        while (act.Goes)
        {
            await act.PauseAsync(0.5, 2);
            var link = act.Random.Of(act.Cast.DatabaseLinks);
            act.Fault("a worker is cut off from PostgreSQL");
            if (act.Random.Chance(50)) link.ToServer.CutAfter = 2000 + act.Random.Below(20_000);
            else
            {
                await link.RefuseAsync();
                link.Cut();
            }
            await act.PauseAsync(1, 2.5);
            link.ToServer.CutAfter = null;
            link.Accept();
            act.Healed("the link");
        }
    }

    /// <summary>Not a byte is left where the database writes.</summary>
    public static async Task FillDiskAsync(Act act)
    {
        var ballast = Path.Combine(act.Cast.Server.Data, "ballast");
        await act.PauseAsync(2, 4);
        act.Fault("the disk is full");
        await Tool.RunAsync("/", "sh", "-c", $"dd if=/dev/zero of={ballast} bs=64k 2>/dev/null; true");
        await act.PauseAsync(2, 4);
        File.Delete(ballast);
        if (!await AnswersAsync(act)) await act.Cast.Server.StartAsync(); // PostgreSQL gives up where it cannot write its log
        act.Healed("the disk");
    }

    public static async Task SqlAsync(Act act, string sql)
    {
        await using var command = act.Cast.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<bool> AnswersAsync(Act act)
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            try
            {
                await SqlAsync(act, "SELECT 1");
                return true;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(50);
            }
        }
        return false;
    }
}
