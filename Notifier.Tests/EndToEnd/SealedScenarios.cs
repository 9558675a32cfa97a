using System.Net;
using System.Text;
using Notifier.Tests.Fixtures;
using Notifier.Tests.Recipients;
using Notifier.Tests.Relay;
using Npgsql;

namespace Notifier.Tests.EndToEnd;

/// <summary>What the site seals stays sealed: nobody here has the key, and every row that holds the message holds the JWE as the site made it.</summary>
public sealed class SealedScenarios(CanaryScenarios.CanaryStage stage) : IClassFixture<CanaryScenarios.CanaryStage>
{
    /// <summary>Of RFC 7516 section 3.1, dir and A256GCM; the middle part is what would be the words.</summary>
    private const string Words = "c2VhbGVkLWNhbmFyeS13b3Jkcw", Edited = "ZWRpdGVkLWNhbmFyeS13b3Jkcw";

    private static string Jwe(string words) => $"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..48V1_ALb6US04U3b.{words}.XFBoMYUZodetZdvTiFvSkQ";

    [Fact]
    public async Task A_sealed_message_is_a_JWE_in_every_row_and_nothing_of_it_is_in_what_is_sent()
    {
        var (bob, cleo) = (await stage.PersonAsync(), await stage.PersonAsync());
        var message = bob.Message("sealed");
        // Each step is held back, so that its row is looked at before the next is taken.
        var deciding = await HoldAsync("notifier.escalation");
        await using (await HoldAsync("relay.outcome"))
        {
            using var content = new StringContent(
                RelayHost.MessageOfNow(message, [bob.Id, cleo.Id], conversation: bob.Conversation("c")).Replace("\"text\":\"hello\"", $"\"sealed\":\"{Jwe(Words)}\"", StringComparison.Ordinal), Encoding.UTF8, "application/json");
            using var published = await stage.Relay.Client.PostAsync("/v1/publish", content, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Accepted, published.StatusCode);
            Assert.Equal(["relay.accepted"], await TablesAsync(Words));
        }
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.inbox WHERE strpos(body, $1) > 0)", Stage.Soon, "the outcome is in the inbox", message);
        Assert.Equal(["inbox", "relay.accepted"], await TablesAsync(Words));
        await deciding.DisposeAsync();
        await stage.DecidedAsync();
        await stage.SendAsync(Person.Event("message.edited", new { site = "acme", conversation = bob.Conversation("c"), id = message, seq = 1, @sealed = Jwe(Edited) }));
        await stage.SendAsync(Person.Event("a.later.type", new { site = "acme", @sealed = Jwe(Edited) }));
        await stage.DecidedAsync();
        Assert.Equal(["dead_letter", "message"], await TablesAsync(Edited));
        Assert.Equal(Jwe(Edited), await stage.Database.ScalarAsync<string>("SELECT sealed FROM notifier.message WHERE id = $1 AND text IS NULL", message));

        var push = await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon);
        await stage.AdvanceAsync(TimeSpan.FromMinutes(11));
        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        foreach (var sent in (string[])[push.Json.ToJsonString(), mail.Text, mail.Message.TextBody!, mail.Message.HtmlBody!, stage.Worker.Output, stage.Relay.Output])
        {
            Assert.DoesNotContain(Words, sent, StringComparison.Ordinal);
            Assert.DoesNotContain(Edited, sent, StringComparison.Ordinal);
        }
    }

    /// <summary>Nobody writes there until it is disposed of; reading goes on.</summary>
    private async Task<NpgsqlConnection> HoldAsync(string table)
    {
        var connection = await stage.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var hold = new NpgsqlCommand($"LOCK TABLE {table} IN EXCLUSIVE MODE", connection);
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    /// <summary>Where the words are; each time as the JWE, whole.</summary>
    private async Task<string[]> TablesAsync(string words)
    {
        var found = await stage.Database.FindAsync(words);
        Assert.All(found, f => Assert.Contains(Jwe(words), f.Row, StringComparison.Ordinal));
        return [.. found.Select(f => f.Table).Distinct()];
    }
}
