using Notifier.Domain;
using Notifier.Worker.Recipients;
using Xunit;

namespace Notifier.Tests.Recipients;

public sealed class ErasedEventTests
{
    private static readonly RecipientKey Ada = new("acme", "ada");

    [Theory]
    [InlineData("""{"data":{"site":"acme","recipient":"bob"}}""")]
    [InlineData("""{"data":{"site":"other","recipient":"ada"}}""")]
    [InlineData("""{"data":{"site":"acme","message":{"sender":{"id":"bob"},"text":"ada"},"recipients":[{"id":"bob"}]}}""")]
    [InlineData("""{"data":{"site":"acme","conversation":"ada","id":"m-1"}}""")]
    [InlineData("""{"RecipientChanged":{"Recipient":"ada","Site":"other"}}""")]
    [InlineData("""["ada"]""")]
    [InlineData("""{"subject":"notifier.events.beta","event":{"id":"e-1","data":{"site":"acme","recipients":[{"id":"bob"}]}}}""")]
    [InlineData("""{"recipient":"adam",""")]
    public void An_event_without_the_person_stays_the_very_same(string body) => Assert.Same(body, ErasedEvent.Without(body, Ada));

    [Theory]
    [InlineData("""{"data":{"site":"acme","recipient":"ada"}}""")]
    [InlineData("""{"data":{"site":"acme","recipient":"\u0061da"}}""")]
    [InlineData("""{"data":{"site":"acme","recipients":[{"id":"ada"}]}}""")]
    [InlineData("""{"RecipientChanged":{"Recipient":"ada","Site":"acme","At":"2026-11-24T12:00:00Z"},"EmailFinished":null}""")]
    [InlineData("""{"MessageId":"e-1","Recipient":"ada","Conversations":[]}""")]
    [InlineData("""{"recipient":"ada",""")]
    [InlineData("""{"data":{"site":"acme","site":"acme","recipient":"ada"}}""")]
    [InlineData("""{"subject":"notifier.events.beta","event":{"id":"e-1","data":{"site":"acme","recipients":[{"id":"bob"},{"id":"ada"}]}}}""")]
    public void An_event_about_nobody_else_goes(string body) => Assert.Null(ErasedEvent.Without(body, Ada));

    [Theory]
    [InlineData(
        """{"id":"e-1","data":{"site":"acme","message":{"id":"m-1","sender":{"id":"bob"}},"recipients":[{"id":"bob"},{"id":"ada"},{"id":"carol"}]}}""",
        """{"id":"e-1","data":{"site":"acme","message":{"id":"m-1","sender":{"id":"bob"}},"recipients":[{"id":"bob"},{"id":"carol"}]}}""")]
    [InlineData(
        """{"id":"e-1","data":{"site":"acme","message":{"id":"m-1","sender":{"id":"ada","name":"Ada"},"text":"hi"},"recipients":[{"id":"bob"}]}}""",
        """{"id":"e-1","data":{"site":"acme","message":{"id":"m-1","sender":{"id":"(erased)","name":"Someone"},"text":"hi"},"recipients":[{"id":"bob"}]}}""")]
    public void Of_an_event_about_several_only_the_person_goes(string body, string left) => Assert.Equal(left, ErasedEvent.Without(body, Ada));
}
