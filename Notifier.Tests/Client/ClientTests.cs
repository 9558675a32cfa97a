using Notifier.Tests.Docs;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Client;

/// <summary>The rules of the browser client, each file a run of <c>node --test</c>.</summary>
public sealed class ClientTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Repository.File("Notifier.Tests/Client"), "*.test.js").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_of_client_tests_passes(string file)
    {
        var report = await Tool.RunAsync(Repository.File("Notifier.Tests/Client"), "node", "--test", "--test-reporter=tap", file);
        Assert.Matches(@"(?m)^# pass [1-9]", report);
    }

    [Fact]
    public Task The_types_in_the_comments_hold() =>
        Tool.RunAsync(Repository.File("Notifier.Tests"), "node", "node_modules/typescript/bin/tsc", "--project", "Client/tsconfig.json");
}
