using System.Globalization;

namespace Notifier.Benchmarks.Attention;

/// <summary><c>./dev bench attention</c>: how many emails people get, and what of, by our ladder and by models of others. A simulation; nothing is timed.</summary>
internal static class AttentionBenchmark
{
    public static int Run()
    {
        var totals = new Dictionary<string, int>();
        foreach (var traffic in Traffic.Patterns)
            foreach (var reads in new[] { false, true })
            {
                Console.WriteLine($"{traffic.Name}; the person {(reads ? "comes by and reads" : "stays away")}");
                Console.WriteLine("                        emails   first at   never mentioned   about seen   untold on average   at longest");
                foreach (var score in Score.All(traffic, reads))
                {
                    totals[score.Mailer] = totals.GetValueOrDefault(score.Mailer) + score.Emails;
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"  {score.Mailer,-22}{score.Emails,6}{Minutes(score.FirstAt),11}{score.NeverMentioned,18}{score.AboutSeen,13}{Minutes(score.MeanWait),20}{Minutes(score.LongestWait),13}"));
                }
            }
        foreach (var (mailer, emails) in totals.Skip(1)) Sides.Ratio("emails in all", mailer, totals.First().Value / (double)emails);
        return 0;
    }

    private static string Minutes(TimeSpan? time) => time is { } t ? string.Create(CultureInfo.InvariantCulture, $"{t.TotalMinutes:0} min") : "none";
}
