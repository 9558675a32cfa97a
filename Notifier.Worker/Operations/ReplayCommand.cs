using System.Globalization;
using Notifier.Worker.Operations.Pages;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>The command <c>replay [--dry-run] [--reason R] [--since T]</c>: lists dead letters, and puts them back on their way. The workers that run do the rest.</summary>
internal static class ReplayCommand
{
    private const string Usage = "replay [--dry-run] [--reason R] [--since 2026-11-24T02:41:00Z]";

    public static async Task<int> RunAsync(IServiceProvider services, string[] arguments, TextWriter output)
    {
        var (dryRun, reason, since) = Read(arguments);
        var store = services.GetRequiredService<DeadLetterStore>();
        var letters = await store.ListAsync(reason, since, CancellationToken.None);
        foreach (var letter in letters)
        {
            await output.WriteLineAsync($"{letter.CreatedAt:u} {letter.Kind} {letter.Reason}: {Masked.Text(letter.Detail)}");
            if (!dryRun) await store.ReplayAsync(letter.Id, CancellationToken.None);
        }
        await output.WriteLineAsync(dryRun ? $"{letters.Count} would be replayed." : $"{letters.Count} replayed.");
        return 0;
    }

    private static (bool DryRun, string? Reason, DateTimeOffset? Since) Read(string[] arguments)
    {
        var (dryRun, reason, since) = (false, (string?)null, (DateTimeOffset?)null);
        for (var i = 0; i < arguments.Length; i++)
            switch (arguments[i], i + 1 < arguments.Length ? arguments[i + 1] : null)
            {
                case ("--dry-run", _):
                    dryRun = true;
                    break;
                case ("--reason", { } word):
                    (reason, i) = (word, i + 1);
                    break;
                case ("--since", { } text) when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time):
                    (since, i) = (time.ToUniversalTime(), i + 1);
                    break;
                default:
                    throw new SettingException(arguments[i], $"is not understood; it is {Usage}");
            }
        return (dryRun, reason, since);
    }
}
