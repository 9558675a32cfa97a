using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email.Preview;
using Notifier.Worker.Email.Templates;
using Xunit;

namespace Notifier.Tests.Email.Preview;

/// <summary>Every email that is shipped, in a real browser. The screenshots lie in <c>artifacts/email</c>.</summary>
public sealed class PreviewTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("preview").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string> Locales => [.. Shipped.Locales];

    [Theory]
    [MemberData(nameof(Locales))]
    public async Task Every_email_fits_can_be_read_and_loads_nothing_at_360_and_800_px_light_and_dark(string locale)
    {
        Assert.Equal(0, await WriteAsync("--out", _folder));
        var files = Directory.GetFiles(_folder, $"{locale}-*.html");
        Assert.Equal(PreviewSamples.Kinds.Count, files.Length);

        var seen = await RenderAsync(files);

        Assert.Empty(seen.Wrong);
        Assert.Equal(4 * files.Length, seen.Checked);
    }

    [Fact]
    public async Task The_browser_notices_what_is_wrong()
    {
        var file = Path.Combine(_folder, "wrong.html");
        await File.WriteAllTextAsync(file, """<p style="color:#999;background:#fff">pale</p><img src="https://tracker.example/x.png"><div style="width:900px">wide</div>""", TestContext.Current.CancellationToken);

        var wrong = (await RenderAsync([file], Path.Combine(_folder, "shots"))).Wrong;

        Assert.Contains("wrong.html asks for https://tracker.example/x.png", wrong);
        Assert.Contains(wrong, line => line.StartsWith("wrong-360-light cannot be read: 2.85", StringComparison.Ordinal));
        Assert.Contains(wrong, line => line.StartsWith("wrong-800-dark is 9", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_is_there_as_text_too_and_an_index_leads_to_all()
    {
        await WriteAsync("--out", _folder);
        var index = await File.ReadAllTextAsync(Path.Combine(_folder, "index.html"), TestContext.Current.CancellationToken);

        foreach (var locale in Shipped.Locales)
            foreach (var kind in PreviewSamples.Kinds)
                foreach (var end in (string[])["html", "txt"])
                {
                    Assert.True(new FileInfo(Path.Combine(_folder, $"{locale}-{kind}.{end}")).Length > 100);
                    Assert.Contains($"href=\"{locale}-{kind}.{end}\"", index, StringComparison.Ordinal);
                }
    }

    [Theory]
    [InlineData("--out")]
    [InlineData("--in", "x")]
    [InlineData("x")]
    public async Task What_it_does_not_know_it_says(params string[] arguments) => Assert.Equal(2, await WriteAsync(arguments));

    private static Task<int> WriteAsync(params string[] arguments) => PreviewCommand.RunAsync(new ConfigurationBuilder().Build(), arguments, TextWriter.Null);

    private static async Task<Rendered> RenderAsync(string[] files, string? shots = null) => JsonSerializer.Deserialize<Rendered>(
        await NodeScript.RunAsync("Email/Preview/render.mjs", [shots ?? Path.Combine(NodeScript.Folder, "..", "artifacts", "email"), .. files]), JsonSerializerOptions.Web)!;

    private sealed record Rendered(int Checked, string[] Wrong);
}
