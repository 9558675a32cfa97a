using Notifier.Domain.Email;
using Notifier.Worker.Bounces;

namespace Notifier.Tests.Bounces;

public sealed class BounceIntakeTests(BouncesStage stage) : IClassFixture<BouncesStage>
{
    [Theory]
    [InlineData("5.1.1", "failed", BounceVerdict.Suppress)]
    [InlineData("5.1.2", "failed", BounceVerdict.Suppress)]
    [InlineData("5.1.10", "Failed", BounceVerdict.Suppress)]
    [InlineData("5.2.1", "failed", BounceVerdict.Suppress)]
    [InlineData("5.2.2", "failed", BounceVerdict.Score)]
    [InlineData("4.2.2", "failed", BounceVerdict.Score)]
    [InlineData("4.4.7", "failed", BounceVerdict.Score)]
    [InlineData("5.0.0", "failed", BounceVerdict.Score)]
    [InlineData("5.4.4", "failed", BounceVerdict.Score)]
    [InlineData("5.7.1", "failed", BounceVerdict.Ignore)]
    [InlineData("4.7.0", "failed", BounceVerdict.Ignore)]
    [InlineData("5.1.8", "failed", BounceVerdict.Ignore)]
    [InlineData("5.3.4", "failed", BounceVerdict.Ignore)]
    [InlineData("5.6.0", "failed", BounceVerdict.Ignore)]
    [InlineData("2.0.0", "delivered", BounceVerdict.Ignore)]
    [InlineData("5.1.1", "delayed", BounceVerdict.Ignore)]
    [InlineData("4.4.1", "delayed", BounceVerdict.Ignore)]
    public void Each_status_has_its_verdict(string status, string action, BounceVerdict verdict) =>
        Assert.Equal(verdict, BounceRules.Judge(action, new SmtpReply(500, status).Enhanced!.Value));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_such_mailbox_suppresses_at_once_by_the_return_path_alone(bool caseLost)
    {
        var bob = await stage.MailedAsync();
        var path = caseLost ? bob.ReturnPath.ToUpperInvariant() : bob.ReturnPath;

        // The address is one that it was forwarded to, and the Message-ID is lost.
        Assert.Equal(BounceMail.Recorded, await TakeAsync(Reports.Bounce(path, "elsewhere@forwarded.example", "5.1.1")));

        Assert.Equal("suppressed 5.1.1 550 5.1.1 <elsewhere@forwarded.example>: those are the words", await bob.FateAsync());
        Assert.Equal(1, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.inbox WHERE body LIKE '%' || $1 || '%'", $"\"{bob.Id}\""));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_return_paths_of_ours_the_Message_ID_of_what_came_back_counts_for_the_address_it_went_to(bool headersOnly)
    {
        var (bob, eve) = (await stage.MailedAsync(), await stage.MailedAsync());

        Assert.Equal(BounceMail.Recorded, await TakeAnywayAsync(Reports.Bounce("hello@acme.example", bob.Address.ToUpperInvariant(), "5.1.1", messageId: bob.MessageId, headersOnly: headersOnly)));
        Assert.Equal(BounceMail.OfNoEmail, await TakeAnywayAsync(Reports.Bounce("hello@acme.example", "somebody@else.example", "5.1.1", messageId: eve.MessageId)));

        Assert.StartsWith("suppressed", await bob.FateAsync(), StringComparison.Ordinal);
        Assert.Equal("mailed", await eve.FateAsync());
    }

    [Fact]
    public async Task Where_each_email_has_a_return_path_a_report_that_anybody_could_write_counts_for_nothing()
    {
        var (bob, eve) = (await stage.MailedAsync(), await stage.MailedAsync());

        Assert.Equal(BounceMail.OfNoEmail, await TakeAsync(Reports.Bounce("bounces@acme.example", bob.Address, "5.1.1", messageId: bob.MessageId)));
        Assert.Equal(BounceMail.OfNoEmail, await TakeAsync(Reports.Complaint("hello@acme.example", bob.Address, messageId: bob.MessageId)));
        Assert.Equal(BounceMail.OfNoEmail, await TakeAsync(Reports.Complaint("hello@acme.example", bob.Address, messageId: bob.MessageId, unsubscribe: $"<{eve.Ways.OneClick}>")));

        Assert.Equal("mailed", await bob.FateAsync());
        Assert.Equal("mailed", await eve.FateAsync());
    }

    [Fact]
    public async Task A_return_path_with_a_forged_token_counts_for_nothing()
    {
        var bob = await stage.MailedAsync();
        var path = bob.ReturnPath;
        var at = path.IndexOf('@', StringComparison.Ordinal);
        foreach (var i in new[] { "bounces+".Length, at - 8, at - 2 })
        {
            var forged = path[..i] + (path[i] == 'a' ? 'b' : 'a') + path[(i + 1)..];
            Assert.Equal(BounceMail.OfNoEmail, await TakeAsync(Reports.Bounce(forged, "x@y.example", "5.1.1")));
        }

        Assert.Equal("mailed", await bob.FateAsync());
    }

    [Fact]
    public async Task A_bounce_of_the_address_somebody_had_before_does_not_touch_the_one_they_have_now()
    {
        var bob = await stage.MailedAsync();
        await stage.Database.ExecuteAsync("UPDATE notifier.recipient SET email = 'new-' || email WHERE id = $1", bob.Id);

        Assert.Equal(BounceMail.OfNoEmail, await TakeAsync(Reports.Bounce(bob.ReturnPath, bob.Address, "5.1.1", messageId: bob.MessageId)));

        Assert.Equal("mailed", await bob.FateAsync());
    }

    [Fact]
    public async Task What_may_pass_suppresses_on_the_third_day_and_the_same_report_is_counted_once()
    {
        var bob = await stage.MailedAsync();
        var reports = Enumerable.Range(0, 4).Select(i => Reports.Bounce(bob.ReturnPath, bob.Address, i == 1 ? "5.2.2" : "4.4.7", messageId: $"<{i}@x>")).ToArray();

        foreach (var report in new[] { reports[0], reports[1], reports[2] }) await TakeAsync(report);
        await ADayPassesAsync(bob);
        foreach (var report in new[] { reports[3], reports[3] }) await TakeAsync(report);
        Assert.Equal("mailed", await bob.FateAsync());
        await ADayPassesAsync(bob);
        await TakeAsync(reports[3]);
        Assert.Equal("mailed", await bob.FateAsync());
        await TakeAsync(Reports.Bounce(bob.ReturnPath, bob.Address, "4.4.7", messageId: "<4@x>"));

        Assert.StartsWith("suppressed 4.4.7", await bob.FateAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_passed_longer_ago_than_the_window_is_forgiven()
    {
        var bob = await stage.MailedAsync();
        for (var i = 0; i < 2; i++)
        {
            await TakeAsync(Reports.Bounce(bob.ReturnPath, bob.Address, "4.2.2", messageId: $"<{i}@x>"));
            await ADayPassesAsync(bob);
        }
        await stage.Database.ExecuteAsync("UPDATE notifier.bounce SET at = at - interval '15 days' WHERE address = $1", bob.Address);

        await TakeAsync(Reports.Bounce(bob.ReturnPath, bob.Address, "4.2.2", messageId: "<2@x>"));

        Assert.Equal("mailed", await bob.FateAsync());
    }

    [Fact]
    public async Task Policy_never_suppresses_however_often()
    {
        var bob = await stage.MailedAsync();

        for (var i = 0; i < 10; i++) Assert.Equal(BounceMail.Recorded, await TakeAsync(Reports.Bounce(bob.ReturnPath, bob.Address, "5.7.1", messageId: $"<{i}@x>")));

        Assert.Equal("mailed", await bob.FateAsync());
    }

    [Theory]
    [InlineData("abuse", "unsubscribed")]
    [InlineData("opt-out", "unsubscribed")]
    [InlineData("not-spam", "mailed")]
    public async Task A_complaint_unsubscribes(string type, string fate)
    {
        var (bob, eve, ada) = (await stage.MailedAsync(), await stage.MailedAsync(), await stage.MailedAsync());

        await TakeAsync(Reports.Complaint(bob.ReturnPath, "redacted@provider.example", type));
        await TakeAsync(Reports.Complaint("hello@acme.example", "redacted@provider.example", type, eve.MessageId, $"<{eve.Ways.OneClick}>, <{eve.Ways.MailTo}>"));
        await TakeAnywayAsync(Reports.Complaint("hello@acme.example", ada.Address, type, ada.MessageId));

        Assert.Equal(fate, await bob.FateAsync());
        Assert.Equal(fate, await eve.FateAsync());
        Assert.Equal(fate, await ada.FateAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Re: ")]
    public async Task What_the_mailto_of_List_Unsubscribe_makes_unsubscribes_whoever_sends_it(string before)
    {
        var (bob, eve) = (await stage.MailedAsync(), await stage.MailedAsync());

        Assert.Equal(BounceMail.Recorded, await TakeAsync(Reports.MailTo(bob.Ways.MailTo.Replace("subject=", $"subject={before}", StringComparison.Ordinal), "forwarded@elsewhere.example")));
        Assert.Equal(BounceMail.OfNoEmail, await TakeAsync(Reports.MailTo(eve.Ways.MailTo[..^1] + (eve.Ways.MailTo[^1] == 'A' ? 'B' : 'A'), eve.Address)));

        Assert.Equal("unsubscribed", await bob.FateAsync());
        Assert.Equal("mailed", await eve.FateAsync());
        Assert.Equal(1, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.inbox WHERE body LIKE '%' || $1 || '%'", $"\"{bob.Id}\""));
    }

    [Fact]
    public async Task What_reports_nothing_changes_nothing()
    {
        var bob = await stage.MailedAsync();

        Assert.Equal(BounceMail.OfNoEmail, await TakeAsync(Reports.OutOfOffice(bob.ReturnPath)));
        Assert.Equal(BounceMail.OfNoEmail, await TakeAsync(Reports.Bounce(bob.ReturnPath, bob.Address, "not a status")));
        Assert.Equal(BounceMail.Unreadable, await TakeAsync([0, 1, 2, 255]));
        Assert.Equal(BounceMail.Unreadable, await TakeAsync([]));

        Assert.Equal("mailed", await bob.FateAsync());
    }

    [Fact]
    public async Task A_folder_is_read_once_and_what_is_no_mail_is_put_aside()
    {
        var (bob, eve) = (await stage.MailedAsync(), await stage.MailedAsync());
        var folder = Directory.CreateTempSubdirectory("bounces-").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "1.eml"), Reports.Bounce(bob.ReturnPath, bob.Address, "5.1.1"), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(folder, "2"), Reports.Complaint(eve.ReturnPath, eve.Address), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(folder, "3.eml"), [0, 1, 2], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(folder, "4.eml.tmp"), [0, 1, 2], TestContext.Current.CancellationToken);
        try
        {
            for (var i = 0; i < 2; i++) await stage.Folder.ReadAsync(folder, TestContext.Current.CancellationToken);

            Assert.Equal(["4.eml.tmp", "done/1.eml", "done/2", "unreadable/3.eml"],
                Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal));
            Assert.StartsWith("suppressed", await bob.FateAsync(), StringComparison.Ordinal);
            Assert.Equal("unsubscribed", await eve.FateAsync());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task What_a_report_says_in_its_own_words_can_do_no_harm()
    {
        var (bob, eve, ada) = (await stage.MailedAsync(), await stage.MailedAsync(), await stage.MailedAsync());

        Assert.Equal(BounceMail.Recorded, await TakeAsync(Reports.Bounce(bob.ReturnPath, "a\0b\u202ec@x.example", "5.1.1")));
        Assert.Equal(BounceMail.Recorded, await TakeAsync(Reports.Bounce(eve.ReturnPath, new string('x', 460) + string.Concat(Enumerable.Repeat("😀", 40)), "5.1.1")));
        Assert.Equal(BounceMail.OfNoEmail, await TakeAnywayAsync(Reports.Bounce("hello@acme.example", ada.Address, "5.1.1", messageId: "<a\0b@acme.example>")));

        Assert.Matches("^suppressed 5.1.1 [^\\p{C}]+$", await bob.FateAsync());
        Assert.StartsWith("suppressed 5.1.1", await eve.FateAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_moved_away_holds_up_no_other()
    {
        var (bob, eve) = (await stage.MailedAsync(), await stage.MailedAsync());
        var folder = Directory.CreateTempSubdirectory("bounces-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "done", "1.eml")); // in its place
        await File.WriteAllBytesAsync(Path.Combine(folder, "1.eml"), Reports.Bounce(bob.ReturnPath, bob.Address, "5.1.1"), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(folder, "2.eml"), Reports.Bounce(eve.ReturnPath, eve.Address, "5.1.1"), TestContext.Current.CancellationToken);
        try
        {
            await Assert.ThrowsAsync<AggregateException>(() => stage.Folder.ReadAsync(folder, TestContext.Current.CancellationToken));

            Assert.StartsWith("suppressed", await eve.FateAsync(), StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(folder, "done", "2.eml")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private Task<int> ADayPassesAsync(Mailed mailed) => stage.Database.ExecuteAsync("UPDATE notifier.bounce SET at = at - interval '1 day' WHERE address = $1", mailed.Address);

    private Task<BounceMail> TakeAnywayAsync(byte[] mail) => stage.WithoutReturnPaths.TakeAsync(mail, TestContext.Current.CancellationToken);

    private Task<BounceMail> TakeAsync(byte[] mail) => stage.Intake.TakeAsync(mail, TestContext.Current.CancellationToken);
}
