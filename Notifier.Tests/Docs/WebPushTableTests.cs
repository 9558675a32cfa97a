using System.Text.RegularExpressions;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Docs;

/// <summary>docs/web-push.md names a test for each section of an RFC: these are there.</summary>
public sealed partial class WebPushTableTests
{
    [Fact]
    public void Each_test_that_the_table_of_the_RFCs_names_is_there()
    {
        var methods = typeof(WebPushTableTests).Assembly.GetTypes().SelectMany(t => t.GetMethods().Select(m => m.Name)).ToHashSet();
        var rows = File.ReadLines(Path.Combine(NodeScript.Folder, "..", "docs", "web-push.md")).Where(line => line.StartsWith("| RFC", StringComparison.Ordinal)).ToArray();
        Assert.True(rows.Length > 15);
        foreach (var row in rows)
        {
            var named = TestName().Matches(row.Split('|')[4]).Select(m => m.Groups[1].Value).ToArray();
            Assert.NotEmpty(named);
            Assert.All(named, name => Assert.Contains(name, methods));
        }
    }

    [GeneratedRegex("`(?:[A-Za-z]+\\.)?([A-Z][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
