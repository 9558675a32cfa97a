using System.Text.RegularExpressions;

namespace Notifier.Tests.Docs;

public sealed partial class RunbookTests
{
    private static readonly string[] Projects = ["Notifier.Worker", "Notifier.Relay", "Notifier.Hosting"];

    [Fact]
    public void Each_alarm_in_the_code_has_its_entry()
    {
        var page = File.ReadAllText(Repository.File("docs/operations.md"));
        var alarms = Projects
            .SelectMany(project => Directory.EnumerateFiles(Repository.File(project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(file => Alarm().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value)).ToArray();

        Assert.True(alarms.Length >= 2);
        foreach (var alarm in alarms) Assert.Contains($"### `{alarm.Split(';')[0]}`", page, StringComparison.Ordinal);
    }

    [GeneratedRegex("\"(ALARM: [^\"]+)\"")]
    private static partial Regex Alarm();
}
