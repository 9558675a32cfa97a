using Notifier.Benchmarks.Attention;

namespace Notifier.Tests.Benchmarks;

/// <summary>What <c>./dev bench attention</c> shows holds: our ladder beside the models of others, on every pattern of traffic.</summary>
public sealed class AttentionTests
{
    public static TheoryData<string, bool> Runs => [.. Traffic.Patterns.SelectMany(t => new[] { (t.Name, false), (t.Name, true) })];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Ours_misses_nothing_mails_nothing_that_was_seen_and_nobody_does_so_with_fewer_emails_and_as_soon(string pattern, bool reads)
    {
        var scores = Score.All(Traffic.Patterns.Single(t => t.Name == pattern), reads);
        var ours = scores[0];

        Assert.True(ours.Emails > 0);
        Assert.Equal(0, ours.NeverMentioned);
        Assert.Equal(0, ours.AboutSeen);
        // A throttle of a day can always save an email more: it pays with how long messages lie there untold.
        Assert.All(scores.Skip(1).Where(s => s is { NeverMentioned: 0, AboutSeen: 0 }), s => Assert.True(s.Emails >= ours.Emails || s.MeanWait > ours.MeanWait, $"{s} beside {ours}"));
        Assert.All(scores.Where(s => s.Mailer is "Zulip" or "one per message"), s => Assert.True(s.Emails >= ours.Emails, $"{s} beside {ours}"));
    }
}
