using Microsoft.Extensions.Options;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Bounces;

namespace Notifier.Tests.Bounces;

public sealed class BouncePollingTests(BouncesStage stage) : IClassFixture<BouncesStage>, IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("bounces-").FullName;
    private readonly JournalLog<BouncePolling> _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("/nowhere/at/all", "Warning: Bounces cannot be read now: DirectoryNotFoundException")]
    [InlineData("no\0folder", "Error: Bounces could not be read")] // a fault that nobody thought of
    public async Task Whatever_fails_is_said_and_tried_again_and_never_ends_the_worker(string place, string said)
    {
        var bob = await stage.MailedAsync();
        await File.WriteAllBytesAsync(Path.Combine(_folder, "1.eml"), Reports.Bounce(bob.ReturnPath, bob.Address, "5.1.1"), TestContext.Current.CancellationToken);
        var options = new BouncesOptions { Folder = place, Interval = TimeSpan.FromMilliseconds(20) };
        using var polling = new BouncePolling(stage.Folder, stage.Mailbox, Options.Create(options), TimeProvider.System, _log);

        await polling.StartAsync(TestContext.Current.CancellationToken);
        await _log.Lines.WaitForAsync(line => line == said, Soon, said);
        options.Folder = _folder;

        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.suppression WHERE address = $1)", Soon, "the bounce read", bob.Address);
        await polling.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(polling.ExecuteTask!.IsCompletedSuccessfully || polling.ExecuteTask.IsCanceled);
    }

    [Fact]
    public async Task Without_a_place_to_read_it_is_over_at_once()
    {
        using var polling = new BouncePolling(stage.Folder, stage.Mailbox, Options.Create(new BouncesOptions()), TimeProvider.System, _log);

        await polling.StartAsync(TestContext.Current.CancellationToken);

        await polling.ExecuteTask!;
        Assert.Empty(_log.Lines.Entries);
    }
}
