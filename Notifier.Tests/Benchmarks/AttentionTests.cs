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

    [Theory]
    [MemberData(nameof(Runs))]
    public void Ours_sends_no_email_that_the_ladder_of_1_6_and_24_hours_does_not_ask_for(string pattern, bool reads)
    {
        var traffic = Traffic.Patterns.Single(t => t.Name == pattern);
        var ours = Score.All(traffic, reads)[0];
        foreach (var conversation in traffic.Posts.Select(p => p.Conversation).Distinct())
        {
            var told = new HashSet<Post>();
            var (step, before) = (0, DateTimeOffset.MinValue);
            foreach (var mail in ours.Mails.Where(m => m.About.Any(p => p.Conversation == conversation)))
            {
                if (reads && traffic.Readings.Any(r => r.Conversation == conversation && r.At > before && r.At <= mail.At)) step = 0;
                Assert.InRange(step, 0, Ladder.Length);
                if (step > 0) Assert.True(mail.At - before >= Ladder[step - 1], $"email {step + 1} about {conversation} comes {mail.At - before} after the one before");
                Assert.Contains(mail.About, told.Add);
                (step, before) = (step + 1, mail.At);
            }
        }
    }

    private static readonly TimeSpan[] Ladder = [TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromHours(24)];
}
