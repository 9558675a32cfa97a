using System.Text.Json.Nodes;
using Notifier.Faults.Stage;

namespace Notifier.Faults.Injecting;

/// <summary>What a mail server can do to us.</summary>
internal static class MailServers
{
    private static readonly string[] Steps = ["EHLO", "MAIL", "RCPT", "DATA", "DOT"];
    private static readonly string[] Refusals = ["451 4.3.0 try again", "450 4.2.1 busy", "421 4.3.2 closing"];

    /// <summary>It says goodbye to whoever is there, and then is not there.</summary>
    public static async Task DownAsync(Act act)
    {
        await act.PauseAsync(3, 4);
        act.Fault("the mail server is down");
        await act.Cast.Mail.AddAsync(new SmtpFault("MAIL", Reply: "421 4.3.2 closing"));
        await act.Cast.MailLink.RefuseAsync();
        await act.PauseAsync(3, 5);
        await act.Cast.Mail.ClearAsync();
        act.Cast.MailLink.Accept();
        act.Healed("the mail server");
    }

    /// <summary>It refuses for now, at whatever step.</summary>
    public static async Task RefuseAsync(Act act)
    {
        await act.PauseAsync(2, 3);
        while (act.Goes)
        {
            act.Fault("the mail server says 4xx");
            await act.Cast.Mail.AddAsync(new SmtpFault(act.Random.Of(Steps), Reply: act.Random.Of(Refusals)));
            await act.PauseAsync(0.5, 1.5);
            if (act.Random.Chance(30)) await act.Cast.Mail.ClearAsync();
        }
        await act.Cast.Mail.ClearAsync();
        act.Healed("the mail server");
    }

    /// <summary>It makes every recipient wait the first time.</summary>
    public static async Task GreylistAsync(Act act)
    {
        act.Fault("the mail server greylists");
        for (var person = 0; person < 24; person++) await act.Cast.Mail.AddAsync(new SmtpFault("RCPT", Reply: "451 4.7.1 greylisted", Address: $"u-{person}@example.org", Times: 1));
        while (act.Goes) await act.PauseAsync(0.2, 0.3);
        await act.Cast.Mail.ClearAsync();
        act.Healed("the mail server");
    }

    /// <summary>It says nothing after the final dot; of what it took, some it keeps.</summary>
    public static async Task HangAfterDotAsync(Act act)
    {
        act.Fault("the mail server hangs after the dot");
        await act.ReachedAsync(6, async () =>
        {
            for (var i = 0; i < 6; i++) await act.Cast.Mail.AddAsync(new SmtpFault("DOT", Hang: true, Keep: i % 2 == 0, Times: 1));
        });
        await act.PauseAsync(4, 5); // longer than a client waits
        await act.Cast.Mail.ClearAsync();
        act.Healed("the mail server");
    }

    public static Task DropKeptAsync(Act act) => DropAsync(act, keep: true);

    public static Task DropLostAsync(Act act) => DropAsync(act, keep: false);

    /// <summary>Nobody can say whether a mail was kept, for either reason: the connection ends after the dot, or the worker does.</summary>
    public static async Task ParkAsync(Act act)
    {
        for (var round = 0; round < 6; round++)
        {
            var (keep, kill) = (round % 2 == 0, round % 3 == 2);
            await act.ReachedAsync(1, () => act.Cast.Mail.AddAsync(new SmtpFault("DOT", Drop: !kill, Hang: kill, Keep: keep, Times: 1)));
            act.Fault(kill ? "SIGKILL both workers, with a mail after its dot" : "the mail server drops the connection after the dot");
            if (kill)
            {
                foreach (var worker in act.Cast.Workers) worker.Kill();
                await act.Cast.Mail.ClearAsync();
                await Task.WhenAll(act.Cast.Workers.Select(w => w.StartAsync()));
            }
            await act.PauseAsync(0.1, 0.6);
        }
        await act.Cast.Mail.ClearAsync();
        act.Healed("the mail server");
    }

    /// <summary>
    /// The last look: the person sees the messages while the server thinks about RCPT. Nothing of them may follow.
    /// </summary>
    public static async Task SeenInDialogueAsync(Act act)
    {
        for (var round = 0; round < 3; round++)
        {
            await act.ReachedAsync(1, () => act.Cast.Mail.AddAsync(new SmtpFault("RCPT", Hang: true)));
            act.Fault("everybody sees what is being mailed");
            await act.PauseAsync(0.2, 0.4);
            foreach (var (recipient, conversation) in await BeingMailedAsync(act))
                await act.Driver.PublishAsync($"glance-{round}-{recipient}-{conversation}", "conversation.seen",
                    new JsonObject { ["recipient"] = recipient, ["conversation"] = conversation, ["seq"] = 99 }, CancellationToken.None);
            await act.PauseAsync(0.8, 1); // decided, and well before
            await act.Cast.Mail.ClearAsync();
            act.Healed("the mail server");
            await act.PauseAsync(0.5, 1);
        }
    }

    private static async Task DropAsync(Act act, bool keep)
    {
        for (var i = 0; i < 6; i++)
        {
            act.Fault("the mail server drops the connection after the dot");
            await act.ReachedAsync(1, () => act.Cast.Mail.AddAsync(new SmtpFault("DOT", Drop: true, Keep: keep, Times: 1)));
            await act.PauseAsync(0.1, 0.6);
        }
        await act.Cast.Mail.ClearAsync();
        act.Healed("the mail server");
    }

    private static async Task<List<(string Recipient, string Conversation)>> BeingMailedAsync(Act act)
    {
        await using var command = act.Cast.Database.CreateCommand("SELECT recipient, unnest(conversations) FROM notifier.email_attempt WHERE state = 'sending'");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<(string, string)>();
        while (await reader.ReadAsync()) rows.Add((reader.GetString(0), reader.GetString(1)));
        return rows;
    }
}
