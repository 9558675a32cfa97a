using Notifier.Domain;
using static Notifier.Domain.RelayEvent;

namespace Notifier.Tests.Intake;

public sealed class RelayEventReaderTests
{
    private static readonly DateTimeOffset At = Golden.At("02:41:00.123");

    [Fact]
    public void The_example_of_the_contract_is_read_whole()
    {
        var read = Golden.Read<MessageOutcome>(Golden.Text("message.outcome"));

        Assert.Equal(("acme", At), (read.Site, read.At));
        Assert.Equal(
            new MessageContent(
                "m-1", "c-9", 41, MessageKind.Direct, "Order 1042", "u-1", "Ada", "Is it still available?", null, Golden.At("02:41:00.100"), "https://acme.example/messages/c-9", false, null),
            read.Message);
        Assert.Equal(
            [
                new RecipientOutcome("u-2", DeliveryOutcome.Undelivered, Presence.Offline, null, null, false),
                new RecipientOutcome("u-3", DeliveryOutcome.Delivered, Presence.Active, "c-9", null, false),
            ],
            read.Recipients);
    }

    public static TheoryData<string, RelayEvent> Others => new()
    {
        { "conversation.seen", new ConversationSeen("acme", Golden.At("02:40:59"), "u-2", "c-9", 41) },
        { "message.edited", new MessageEdited("acme", At, "c-9", "m-1", 41, "Is it still for sale?", null) },
        { "message.deleted", new MessageDeleted("acme", At, "c-9", "m-1", 41) },
        { "presence.changed", new PresenceChanged("acme", At, "u-2", Presence.Active, "c-9", Golden.At("02:40:30"), "n1") },
        { "relay.alive", new RelayAlive("acme", At, "n1", TimeSpan.FromSeconds(45)) },
    };

    [Theory, MemberData(nameof(Others))]
    public void Each_other_type_is_read_whole(string type, RelayEvent expected) => Assert.Equal(expected, Golden.Read(Golden.Text(type), out _));

    [Fact]
    public void All_optional_members_are_read()
    {
        var read = Golden.Read<MessageOutcome>(Golden.Text("message.outcome")
            .Replace("\"text\": \"Is it still available?\"", "\"sealed\": \"eyJ\", \"urgent\": true, \"expiresAt\": \"2026-11-24T12:00:00+01:00\"")
            .Replace("\"presence\": \"offline\"", "\"presence\": \"idle\", \"lastActiveAt\": \"2026-11-24T02:00:00Z\", \"mentioned\": true"));

        Assert.Equal((null, "eyJ", true, Golden.At("11:00:00")), (read.Message.Text, read.Message.Sealed, read.Message.Urgent, read.Message.ExpiresAt));
        Assert.Equal(new RecipientOutcome("u-2", DeliveryOutcome.Undelivered, Presence.Idle, null, Golden.At("02:00:00"), true), read.Recipients[0]);
    }

    [Fact]
    public void Unknown_members_are_ignored()
    {
        var plain = Golden.Text("presence.changed");
        var more = plain.Replace("\"site\"", "\"mood\": [{}, null, 1e400], \"site\"").Replace("\"id\"", "\"traceparent\": \"00-00\", \"id\"");

        Assert.Equal(Golden.Read(plain, out _), Golden.Read(more, out _));
    }

    [Fact]
    public void An_unknown_type_is_flagged_and_named()
    {
        Assert.Null(Golden.Read(Golden.Text("relay.alive").Replace("relay.alive", "relay.asleep"), out var bad));

        Assert.Equal(("$.type", true), (bad!.Path, bad.UnknownType));
        Assert.Contains("relay.asleep", bad.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_seq_the_sending_time_in_microseconds_stands_in()
    {
        var read = Golden.Read<MessageOutcome>(Golden.Text("message.outcome").Replace("\"seq\": 41, ", "").Replace("00.100Z", "00.100007Z"));

        Assert.Equal((Golden.At("02:41:00.100007") - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, read.Message.Seq);
    }

    [Fact]
    public void Nothing_that_is_reported_lies_in_the_future()
    {
        var read = Golden.Read<MessageOutcome>(Golden.Text("message.outcome").Replace("02:41:00", "02:59:00").Replace("\"offline\"", "\"idle\", \"lastActiveAt\": \"9999-12-31T23:59:59Z\""));
        Assert.Equal((Golden.ReceivedAt, Golden.ReceivedAt, Golden.ReceivedAt), (read.At, read.Message.SentAt, read.Recipients[0].LastActiveAt));

        Assert.Equal(Golden.ReceivedAt, Golden.Read<PresenceChanged>(
            Golden.Text("presence.changed").Replace("02:41:00", "02:59:00").Replace("2026-11-24T02:40:30", "9999-12-31T02:40:30")).LastActiveAt);
        Assert.Equal(At, Golden.Read<ConversationSeen>(Golden.Text("conversation.seen").Replace("02:40:59", "02:59:59")).At);
    }

    [Fact]
    public void Without_a_time_the_moment_of_receipt_stands_in() =>
        Assert.Equal(Golden.ReceivedAt, Golden.Read<RelayAlive>(Golden.Text("relay.alive").Replace("\"time\": \"2026-11-24T02:41:00.123Z\",", "")).At);

    [Fact]
    public void Presence_that_is_not_told_is_offline() =>
        Assert.Equal(Presence.Offline, Golden.Read<MessageOutcome>(Golden.Text("message.outcome").Replace(", \"presence\": \"active\"", "")).Recipients[1].Presence);

    [Theory]
    [InlineData("message.outcome", "\"1.0\"", "\"0.3\"", "$.specversion")]
    [InlineData("message.outcome", "\"source\"", "\"Source\"", "$.source")]
    [InlineData("message.outcome", "\"01JD0000000000000000000001\"", "\"\"", "$.id")]
    [InlineData("message.outcome", "02:41:00.123Z", "02:41:00.123", "$.time")]
    [InlineData("message.outcome", "\"data\"", "\"date\"", "$.data")]
    [InlineData("message.outcome", "\"site\": \"acme\"", "\"site\": 7", "$.data.site")]
    [InlineData("message.outcome", "\"id\": \"m-1\"", "\"id\": null", "$.data.message.id")]
    [InlineData("message.outcome", "\"m-1\"", "\"m\\n1\"", "$.data.message.id")]
    [InlineData("message.outcome", "\"seq\": 41", "\"seq\": -1", "$.data.message.seq")]
    [InlineData("message.outcome", "\"seq\": 41", "\"seq\": 1.5", "$.data.message.seq")]
    [InlineData("message.outcome", "\"seq\": 41", "\"seq\": 9223372036854775808", "$.data.message.seq")]
    [InlineData("message.outcome", "\"seq\": 41", "\"seq\": 1e400", "$.data.message.seq")]
    [InlineData("message.outcome", "\"direct\"", "\"letter\"", "$.data.message.kind")]
    [InlineData("message.outcome", "{ \"id\": \"u-1\", \"name\": \"Ada\" }", "[]", "$.data.message.sender")]
    [InlineData("message.outcome", "\"u-1\"", "{}", "$.data.message.sender.id")]
    [InlineData("message.outcome", "\"text\"", "\"test\"", "$.data.message.text")]
    [InlineData("message.outcome", "Is it still", "Is it \\u0000", "$.data.message.text")]
    [InlineData("message.outcome", "Is it still", "Is it \\ud83d", "$.data.message.text")]
    [InlineData("message.outcome", "https://acme.example/messages/c-9", "javascript:alert(1)", "$.data.message.url")]
    [InlineData("message.outcome", "00.100Z", "00.100+99:00", "$.data.message.sentAt")]
    [InlineData("message.outcome", "\"outcome\": \"delivered\"", "\"outcome\": \"seen\"", "$.data.recipients[1].outcome")]
    [InlineData("message.outcome", "\"active\"", "\"asleep\"", "$.data.recipients[1].presence")]
    [InlineData("message.outcome", "\"id\": \"u-2\", ", "", "$.data.recipients[0].id")]
    [InlineData("message.outcome", "{ \"id\": \"u-2\", \"outcome\": \"undelivered\", \"presence\": \"offline\" }", "\"u-2\"", "$.data.recipients[0]")]
    [InlineData("conversation.seen", "\"seq\": 41, ", "", "$.data.seq")]
    [InlineData("conversation.seen", "02:40:59Z", "yesterday", "$.data.at")]
    [InlineData("message.edited", "\"text\"", "\"test\"", "$.data.text")]
    [InlineData("message.deleted", "\"id\": \"m-1\"", "\"id\": [[[[]]]]", "$.data.id")]
    [InlineData("presence.changed", "\"n1\"", "\"\"", "$.data.node")]
    [InlineData("presence.changed", "\"active\"", "false", "$.data.presence")]
    [InlineData("relay.alive", "45", "0", "$.data.leaseSeconds")]
    [InlineData("relay.alive", "45", "\"45\"", "$.data.leaseSeconds")]
    public void The_first_bad_member_is_named_by_its_path(string type, string good, string bad, string path)
    {
        var text = Golden.Text(type);
        Assert.Contains(good, text, StringComparison.Ordinal);

        Assert.Null(Golden.Read(text.Replace(good, bad), out var unreadable));
        Assert.Equal((path, false), (unreadable!.Path, unreadable.UnknownType));
    }

    [Fact]
    public void Of_two_bad_members_the_first_is_named()
    {
        Golden.Read(Golden.Text("relay.alive").Replace("\"n1\"", "1").Replace("45", "-45"), out var bad);

        Assert.Equal("$.data.node", bad!.Path);
    }

    [Fact]
    public void In_a_batch_the_path_begins_with_the_place()
    {
        Golden.Read(Golden.Text("relay.alive").Replace("45", "-45"), out var bad, "$[3]");

        Assert.Equal("$[3].data.leaseSeconds", bad!.Path);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("null")]
    public void What_is_no_object_is_no_event(string json)
    {
        Assert.Null(Golden.Read(json, out var bad));
        Assert.Equal("$", bad!.Path);
    }
}
