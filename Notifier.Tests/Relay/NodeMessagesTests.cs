using System.Text;
using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Fanout.Nats;
using Notifier.Relay.Outcomes;
using Notifier.Relay.Publish;

namespace Notifier.Tests.Relay;

public sealed class NodeMessagesTests
{
    private const int Most = 1024 * 1024;

    [Fact]
    public void What_one_node_says_another_reads_byte_for_byte()
    {
        var message = Message("m-1", ["ada", "bob \" é \u2028"], "hello é \u2028 \\ \" <b>");
        var group = NodeMessages.ReadAccepted(Assert.Single(NodeMessages.Accepted(41, [(42, message)], Most)));
        Assert.Equal(41, group.Behind);
        var (row, read) = Assert.Single(group.Messages);
        Assert.Equal(42, row);
        Assert.Equal((message.Site, message.Id, message.Conversation, message.Seq, message.SenderId), (read.Site, read.Id, read.Conversation, read.Seq, read.SenderId));
        Assert.Equal(message.To, read.To);
        Assert.Equal(Encoding.UTF8.GetString(message.Tail), Encoding.UTF8.GetString(read.Tail));
    }

    [Fact]
    public void A_large_group_is_cut_and_each_piece_says_what_lies_before_it()
    {
        (long Row, PublishedMessage Message)[] messages = [.. Enumerable.Range(0, 30).Select(i => (10L + 2 * i, Message($"m-{i}", ["ada"], new string('x', 50_000))))];
        var groups = NodeMessages.Accepted(7, messages, Most).Select(NodeMessages.ReadAccepted).ToArray();
        Assert.True(groups.Length > 3);
        Assert.Equal(messages.Select(m => m.Row), groups.SelectMany(g => g.Messages).Select(m => m.Row));
        Assert.Equal([7, .. groups.SkipLast(1).Select(g => g.Messages[^1].Row)], groups.Select(g => g.Behind));
    }

    [Fact]
    public void What_no_server_would_take_is_left_out_and_what_follows_lies_behind_it()
    {
        string[] many = [.. Enumerable.Range(0, 10_000).Select(i => new string('u', 150) + i)];
        (long Row, PublishedMessage Message)[] messages = [(1, Message("a", ["ada"], "x")), (2, Message("b", many, "x")), (3, Message("c", ["ada"], "x")), (4, Message("d", many, "x"))];
        var groups = NodeMessages.Accepted(0, messages, Most).Select(NodeMessages.ReadAccepted).ToArray();
        Assert.Equal(
            [(0, "1"), (2, ""), (2, "3"), (4, "")],
            groups.Select(g => ((int)g.Behind, string.Join(',', g.Messages.Select(m => m.Row)))));
    }

    [Fact]
    public void A_signal_to_many_goes_in_pieces()
    {
        string[] people = [.. Enumerable.Range(0, 2500).Select(i => $"u-{i}")];
        var read = NodeMessages.Signal(new Signal("acme", people, """{"t":"typing","conv":"c","who":"é"}""")).Select(NodeMessages.ReadSignal).ToArray();
        Assert.Equal(people, read.SelectMany(s => s.Recipients));
        Assert.All(read, s => Assert.Equal(("acme", """{"t":"typing","conv":"c","who":"é"}"""), (s.Site, s.Frame)));
    }

    private static PublishedMessage Message(string id, string[] to, string text)
    {
        using var document = JsonDocument.Parse(RelayHost.Message(id, to, text: text));
        return PublishReader.Read(document.RootElement, DateTimeOffset.UnixEpoch, out Unreadable? _)!.Single();
    }
}
