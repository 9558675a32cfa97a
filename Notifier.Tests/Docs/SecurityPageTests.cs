using System.Text.RegularExpressions;

namespace Notifier.Tests.Docs;

public sealed partial class SecurityPageTests
{
    [Fact]
    public void Each_line_of_the_page_is_kept_by_a_test_that_is_there()
    {
        var tests = typeof(SecurityPageTests).Assembly.GetTypes().SelectMany(t => t.GetMethods().Select(m => m.Name)).ToHashSet();
        var page = File.ReadAllText(Repository.File("docs/security.md"));
        var named = TestName().Matches(page).Select(m => m.Groups[1].Value).ToArray();
        Assert.True(named.Length >= 20);
        Assert.All(named, name => Assert.Contains(name, tests));
        foreach (var row in page.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal) && l.Count(c => c == '|') == 3 && !l.StartsWith("| line", StringComparison.Ordinal)))
            if (page.LastIndexOf("| line | kept by |", page.IndexOf(row, StringComparison.Ordinal), StringComparison.Ordinal) > page.LastIndexOf("\n## ", page.IndexOf(row, StringComparison.Ordinal), StringComparison.Ordinal))
                Assert.Matches(TestName(), row);
    }

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*_[A-Za-z0-9][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
