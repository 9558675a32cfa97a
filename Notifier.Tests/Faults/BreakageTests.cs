using System.Text.RegularExpressions;
using Notifier.Tests.Docs;

namespace Notifier.Tests.Faults;

/// <summary>The mistakes that <c>./dev faults breakages</c> makes on purpose (Notifier.Faults/Breakages): each still fits the sources, and says what has to catch it.</summary>
public sealed partial class BreakageTests
{
    private static readonly string Folder = Repository.File("Notifier.Faults/Breakages");

    public static TheoryData<string> Breakages => [.. Directory.GetFiles(Folder).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Breakages))]
    public void A_breakage_fits_the_sources_as_they_are(string name)
    {
        var patch = File.ReadAllText(Path.Combine(Folder, name));
        var files = patch.Split("diff --git ")[1..];
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var path = Repository.File(Target().Match(file).Groups[1].Value);
            if (file.Contains("\n--- /dev/null\n", StringComparison.Ordinal))
            {
                Assert.False(File.Exists(path), $"{path} is there already");
                continue;
            }
            var sources = File.ReadAllText(path);
            foreach (var hunk in file.Split("\n@@ ")[1..])
            {
                // What it takes away, and what stands around it: together, and at one place only.
                var before = string.Concat(hunk.Split('\n')[1..].Where(line => line.Length > 0 && line[0] is ' ' or '-').Select(line => line[1..] + '\n'));
                Assert.Equal(2, sources.Split(before).Length);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Breakages))]
    public void A_breakage_names_a_scenario_and_a_promise_that_there_are(string name)
    {
        var patch = File.ReadAllText(Path.Combine(Folder, name));
        Assert.EndsWith(".patch", name, StringComparison.Ordinal);
        Assert.Contains($"new(\"{Field("Scenario", patch)}\", ", File.ReadAllText(Repository.File("Notifier.Faults/Scenarios.cs")), StringComparison.Ordinal);
        Assert.Contains($"\"{Field("Breaks", patch)}\"", File.ReadAllText(Repository.File("Notifier.Faults/Checking/Invariants.cs")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_lists_each_of_them_with_its_scenario()
    {
        var page = File.ReadAllText(Repository.File("docs/reliability.md"));
        var listed = Row().Matches(page).Select(m => (m.Groups[1].Value, m.Groups[2].Value)).Order().ToArray();

        Assert.True(listed.Length >= 8);
        Assert.Equal(Directory.GetFiles(Folder).Select(f => (Path.GetFileNameWithoutExtension(f), Field("Scenario", File.ReadAllText(f)))).Order(), listed);
    }

    private static string Field(string name, string patch) => Regex.Match(patch, $"^{name}: (.+)$", RegexOptions.Multiline).Groups[1].Value;

    [GeneratedRegex(@"^\+\+\+ b/(.+)$", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"^\| `([a-z0-9-]+)`: .+? \| `([a-z0-9-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
