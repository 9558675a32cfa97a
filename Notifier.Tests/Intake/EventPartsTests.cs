using System.Text;
using System.Text.Json;
using Notifier.Domain;
using Notifier.Worker.Intake;

namespace Notifier.Tests.Intake;

public sealed class EventPartsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Each_part_is_for_one_shard_and_together_they_are_for_everyone_once()
    {
        var recipients = string.Join(',', Enumerable.Range(0, 50).Select(i => $$"""{"id":"u-{{i}}","outcome":"sent","extra":1}"""));
        var parts = Parts($$"""{"specversion":"1.0","id":"1","source":"s","type":"message.outcome","data":{"site":"acme","message":{"id":"m","conversation":"c","kind":"group","sender":{"id":"a"},"text":"x"},"recipients":[{{recipients}}],"more":[1]},"ext":"kept"}""");
        Assert.True(parts.Count > 10);
        var all = new List<string>();
        foreach (var part in parts)
        {
            using var document = JsonDocument.Parse(part.Body);
            var read = Assert.IsType<RelayEvent.MessageOutcome>(RelayEventReader.Read(document.RootElement, Now, out _));
            Assert.All(read.Recipients, r => Assert.Equal(part.Shard, Shard.Of("acme", r.Id)));
            Assert.Contains("\"ext\":\"kept\"", Encoding.UTF8.GetString(part.Body));
            all.AddRange(read.Recipients.Select(r => r.Id));
        }
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"u-{i}").Order(), all.Order());
    }

    [Fact]
    public void A_member_whose_name_is_half_a_character_is_unknown_and_ignored() => Assert.Equal(2, Parts(
        """{"\ud800":1,"specversion":"1.0","id":"1","source":"s","type":"message.outcome","time":"2026-11-24T02:41:00Z","data":{"\ud800":2,"site":"acme","message":{"id":"m","conversation":"c","kind":"group","sender":{"id":"a"},"text":"x"},"recipients":[{"id":"u-1","outcome":"sent"},{"id":"u-2","outcome":"sent"}]}}""").Count);

    private static List<Notifier.Worker.Storage.Arrival> Parts(string json)
    {
        using var document = JsonDocument.Parse(json);
        var read = RelayEventReader.Read(document.RootElement, Now, out var bad);
        Assert.Null(bad);
        return [.. EventParts.Of(RelayEventReader.ReadEnvelope(document.RootElement)!, document.RootElement, read)];
    }
}
