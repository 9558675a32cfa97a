using System.Net;
using System.Text;
using Notifier.Domain;
using Notifier.Worker.Storage;
using Xunit;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class CancelEmailTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>, IAsyncLifetime
{
    private static readonly ConversationKey Key = new("acme", "u-2", "c-9");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await database.ClearAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_button_tells_the_owner_of_the_escalation_and_leaves_its_row_alone()
    {
        var id = await database.EscalationAsync(Key, TimeSpan.FromMinutes(5));
        var before = await EscalationAsync(id);

        Assert.Equal(HttpStatusCode.NoContent, await PressAsync($"cancel/{id}"));

        var cancelled = Assert.IsType<RelayEvent.EmailCancelled>(Assert.Single(await PostedAsync()));
        Assert.Equal(("acme", "u-2", "c-9"), (cancelled.Site, cancelled.Recipient, cancelled.Conversation));
        Assert.Equal(Shard.Of("acme", "u-2"), await database.ScalarAsync<short>("SELECT shard FROM notifier.inbox"));
        Assert.Equal(before, await EscalationAsync(id));
    }

    [Theory]
    [InlineData("pending")]
    [InlineData("retry")]
    public async Task An_email_that_waits_for_its_turn_is_withdrawn_with_the_event(string state)
    {
        var attempt = await database.AttemptAsync(Key.Owner, state, Key.Conversation);
        var id = await database.EscalationAsync(Key, TimeSpan.FromMinutes(5), attempt);

        Assert.Equal(HttpStatusCode.NoContent, await PressAsync($"cancel/{id}"));

        Assert.Equal("withdrawn", await StateAsync(attempt));
        Assert.IsType<RelayEvent.EmailCancelled>(Assert.Single(await PostedAsync()));
    }

    [Fact]
    public async Task An_email_whose_outcome_is_unknown_is_listed_by_itself_and_goes_again_only_when_an_admin_says_so()
    {
        var attempt = await database.AttemptAsync(Key.Owner, "parked", Key.Conversation);
        await using (var host = await OperationsHost.StartAsync(database.ConnectionString))
        {
            var html = (await DashboardPage.OpenAsync(host.As(), "/hangfire/pending-emails")).Html;
            Assert.Contains("Outcome unknown <small>1</small>", html, StringComparison.Ordinal);
            Assert.Contains($"resend/{attempt}", html, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NoContent, await PressAsync($"resend/{attempt}"));
        Assert.Equal("retry", await StateAsync(attempt));
        Assert.Equal(1, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.email_alarm"));

        Assert.Equal(HttpStatusCode.OK, await PressAsync($"resend/{attempt}"));
    }

    [Fact]
    public async Task An_email_whose_outcome_is_unknown_can_be_given_up()
    {
        var attempt = await database.AttemptAsync(Key.Owner, "parked", Key.Conversation);

        Assert.Equal(HttpStatusCode.NoContent, await PressAsync($"withdraw/{attempt}"));

        Assert.Equal("withdrawn", await StateAsync(attempt));
    }

    [Fact]
    public async Task Cancelling_one_conversation_of_a_digest_opens_the_others_again()
    {
        var attempt = await database.AttemptAsync(Key.Owner, "pending", "c-8", Key.Conversation, "c-10");
        var id = await database.EscalationAsync(Key, TimeSpan.FromMinutes(5), attempt);

        await PressAsync($"cancel/{id}");

        var posted = await PostedAsync();
        Assert.Equal("c-9", Assert.Single(posted.OfType<RelayEvent.EmailCancelled>()).Conversation);
        var reopened = posted.OfType<RelayEvent.EmailFinished>().ToList();
        Assert.Equal(["c-10", "c-8"], reopened.Select(e => e.Conversation).Order(StringComparer.Ordinal));
        Assert.All(reopened, e => Assert.Equal((attempt, Verdict.Wait), (e.Attempt, e.Verdict)));
        // …and that is what the domain makes of it: the message is undecided again.
        var other = new ConversationState { Conversation = "c-8", EmailAttempt = attempt, Unseen = [CancelledMessages.With(new Ruling(Verdict.Send, Reason.Unseen))] };
        Assert.Null(other.Finish(reopened[0]).Unseen.Single().Email);
    }

    [Theory]
    [InlineData("sending")]
    [InlineData("data")]
    public async Task What_is_being_sent_cannot_be_cancelled_and_says_so(string state)
    {
        var attempt = await database.AttemptAsync(Key.Owner, state, Key.Conversation);
        var id = await database.EscalationAsync(Key, TimeSpan.FromMinutes(5), attempt);

        Assert.Equal(HttpStatusCode.OK, await PressAsync($"cancel/{id}"));
        Assert.Equal(HttpStatusCode.OK, await PressAsync($"withdraw/{attempt}"));

        Assert.Equal(state, await StateAsync(attempt));
        Assert.Empty(await PostedAsync());
    }

    [Fact]
    public async Task Withdrawing_an_email_cancels_every_conversation_it_tells_of()
    {
        var attempt = await database.AttemptAsync(Key.Owner, "retry", "c-8", "c-9");

        Assert.Equal(HttpStatusCode.NoContent, await PressAsync($"withdraw/{attempt}"));

        Assert.Equal("withdrawn", await StateAsync(attempt));
        Assert.Equal(["c-8", "c-9"], (await PostedAsync()).Cast<RelayEvent.EmailCancelled>().Select(e => e.Conversation));
    }

    [Fact]
    public async Task Pressed_twice_or_too_late_it_changes_nothing()
    {
        var attempt = await database.AttemptAsync(Key.Owner, "sent", Key.Conversation);
        var closed = await database.EscalationAsync(Key, TimeSpan.FromMinutes(5), closed: true);

        Assert.Equal(HttpStatusCode.OK, await PressAsync($"withdraw/{attempt}"));
        Assert.Equal(HttpStatusCode.OK, await PressAsync($"cancel/{closed}"));
        Assert.Equal(HttpStatusCode.OK, await PressAsync("cancel/999999999999"));

        Assert.Equal("sent", await StateAsync(attempt));
        Assert.Empty(await PostedAsync());
    }

    [Fact]
    public async Task A_request_that_is_no_press_of_the_button_is_refused()
    {
        var id = await database.EscalationAsync(Key, TimeSpan.FromMinutes(5));
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        using var get = await host.As().Client.GetAsync($"/hangfire/pending-emails/cancel/{id}", Cancellation);
        using var forged = await host.Client.PostAsync($"/hangfire/pending-emails/cancel/{id}", null, Cancellation);
        host.Client.DefaultRequestHeaders.Authorization = null;
        using var stranger = await host.Client.PostAsync($"/hangfire/pending-emails/cancel/{id}", null, Cancellation);

        Assert.Equal(
            [HttpStatusCode.MethodNotAllowed, HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized], [get.StatusCode, forged.StatusCode, stranger.StatusCode]);
        Assert.Empty(await PostedAsync());
    }

    private async Task<HttpStatusCode> PressAsync(string command)
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        var page = await DashboardPage.OpenAsync(host.As(), "/hangfire/pending-emails");
        using var answer = await page.PostAsync($"/hangfire/pending-emails/{command}");
        return answer.StatusCode;
    }

    private async Task<List<RelayEvent>> PostedAsync()
    {
        var events = new List<RelayEvent>();
        await using var command = database.Source.CreateCommand("SELECT body FROM notifier.inbox WHERE source IS NULL ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation)) events.Add(OwnEvents.Read(Encoding.UTF8.GetBytes(reader.GetString(0)))!);
        return events;
    }

    private Task<string> StateAsync(Guid attempt) => database.ScalarAsync<string>("SELECT state FROM notifier.email_attempt WHERE id = $1", attempt);

    private Task<string> EscalationAsync(long id) => database.ScalarAsync<string>("SELECT to_jsonb(e)::text FROM notifier.escalation e WHERE id = $1", id);
}
