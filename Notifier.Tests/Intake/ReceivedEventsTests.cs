using System.Text;
using Notifier.Worker.Intake.Nats;

namespace Notifier.Tests.Intake;

/// <summary>What comes by NATS comes again until it is acknowledged: nothing in a message may stop its being read.</summary>
public sealed class ReceivedEventsTests
{
    private const string Good = """{ "specversion": "1.0", "id": "e-1", "source": "/sites/acme/relay", "type": "conversation.seen", "data": { "site": "acme", "recipient": "u", "conversation": "c", "seq": 1 } }""";

    [Fact]
    public void What_is_no_text_is_set_aside_or_taken_and_hinders_nothing()
    {
        var events = new ReceivedEvents();
        var odd = NoText.In(Good).ToArray();
        foreach (var (i, message) in odd.Index()) events.Add("notifier.events.acme", message, $"{i}", Golden.ReceivedAt);
        foreach (var (i, message) in odd.Index()) events.Add("notifier.events.acme", [.. "["u8, .. message, .. ","u8, .. Encoding.UTF8.GetBytes(Good.Replace("e-1", $"beside-{i}", StringComparison.Ordinal)), .. "]"u8], $"array-{i}", Golden.ReceivedAt);

        Assert.True(odd.Length > 30);
        Assert.Equal(odd.Length, events.Arrivals.Count(a => a.Id.StartsWith("beside-", StringComparison.Ordinal)));
        Assert.True(events.Refused.Count > 30);
        Assert.All(events.Refused, r => Assert.Equal(r.Letter.Body, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(r.Letter.Body)))); // as PostgreSQL can keep it
        Assert.All(events.Arrivals, a => Assert.Equal(a.Body, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(a.Body))));
    }
}
