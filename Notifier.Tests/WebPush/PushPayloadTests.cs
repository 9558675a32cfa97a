using System.Text;
using System.Text.Json;
using CsCheck;
using Notifier.Domain.WebPush;

namespace Notifier.Tests.WebPush;

public sealed class PushPayloadTests
{
    private static readonly string[] Graphemes = ["a", "\"", "é", "日", "👨‍👩‍👧‍👦", "\u0001"];

    [Fact]
    public void An_alert_is_what_the_contract_says() => Assert.Equal(
        """{"type":"message","site":"acme","conversation":"c-9","tag":"c-9","title":"Ada","body":"Is it still available?","url":"https://acme.example/messages/c-9","count":1,"upTo":41,"icon":null,"web_push":8030,"notification":{"title":"Ada","body":"Is it still available?","navigate":"https://acme.example/messages/c-9","tag":"c-9"},"mutable":true}""",
        Encoding.UTF8.GetString(PushPayload.Message("acme", "c-9", "Ada", "Is it still available?", "https://acme.example/messages/c-9", 1, 41)));

    [Fact]
    public void Without_an_address_there_is_nothing_to_declare_since_a_declared_notification_must_lead_somewhere() => Assert.Equal(
        """{"type":"message","site":"acme","conversation":"c-9","tag":"c-9","title":"Ada","body":"Hi","url":null,"count":1,"upTo":41,"icon":null}""",
        Encoding.UTF8.GetString(PushPayload.Message("acme", "c-9", "Ada", "Hi", null, 1, 41)));

    [Fact]
    public void A_declared_body_is_cut_as_the_other_one_is_and_together_they_fit()
    {
        var bytes = PushPayload.Message("acme", "c-9", "Ada", string.Concat(Enumerable.Repeat("👨‍👩‍👧‍👦", 500)), "https://acme.example/", 1, 41);
        Assert.InRange(bytes.Length, PushPayload.MaxBytes - 2 * 70, PushPayload.MaxBytes);
        var json = JsonElement.Parse(bytes);
        Assert.Equal(json.GetProperty("body").GetString(), json.GetProperty("notification").GetProperty("body").GetString());
        Assert.EndsWith("👨‍👩‍👧‍👦…", json.GetProperty("body").GetString());
    }

    [Fact]
    public void A_dismissal_is_what_the_contract_says() => Assert.Equal(
        """{"type":"dismiss","site":"acme","conversation":"c-9","tag":"c-9","upTo":41}""", Encoding.UTF8.GetString(PushPayload.Dismiss("acme", "c-9", 41)));

    [Fact]
    public void Several_unseen_messages_are_a_count() =>
        Assert.Contains("\"body\":\"3 new messages\"", Encoding.UTF8.GetString(PushPayload.Message("acme", "c-9", "Ada", "third", null, 3, 43)));

    [Fact]
    public void Whatever_the_text_it_fits_and_is_cut_between_graphemes() => Gen.Select(Gen.Int[0, Graphemes.Length - 1], Gen.Int[0, 6000]).Sample(t =>
    {
        var (index, length) = t;
        var grapheme = Graphemes[index];
        var text = string.Concat(Enumerable.Repeat(grapheme, length / grapheme.Length));
        var bytes = PushPayload.Message("acme", "c-9", text, text, "https://acme.example/" + new string('x', 500), 1, 41);
        Assert.True(bytes.Length <= PushPayload.MaxBytes, $"{bytes.Length} bytes");
        var body = JsonElement.Parse(bytes).GetProperty("body").GetString();
        Assert.Equal(0, (body ?? "").TrimEnd('…').Length % grapheme.Length);
    }, iter: 400);

    [Theory]
    [InlineData("a", 1)]
    [InlineData("é", 2)]
    [InlineData("日", 3)]
    [InlineData("\"", 2)]
    public void A_body_is_cut_to_the_last_character_that_fits(string character, int bytes)
    {
        var json = PushPayload.Message("acme", "c-9", "Ada", string.Concat(Enumerable.Repeat(character, 5000)), null, 1, 41);
        Assert.InRange(json.Length, PushPayload.MaxBytes - bytes + 1, PushPayload.MaxBytes);
        Assert.EndsWith(character + "…", JsonElement.Parse(json).GetProperty("body").GetString());
    }

    [Fact]
    public void A_body_of_the_greatest_length_that_fits_is_left_whole()
    {
        var room = PushPayload.MaxBytes - PushPayload.Message("acme", "c-9", "Ada", "", null, 1, 41).Length;
        var longest = new string('a', room);
        Assert.Equal(longest, JsonElement.Parse(PushPayload.Message("acme", "c-9", "Ada", longest, null, 1, 41)).GetProperty("body").GetString());
        Assert.EndsWith("a…", JsonElement.Parse(PushPayload.Message("acme", "c-9", "Ada", longest + "a", null, 1, 41)).GetProperty("body").GetString());
    }

    [Fact]
    public void A_single_letter_under_a_thousand_accents_that_does_not_fit_leaves_no_body() =>
        Assert.Equal(JsonValueKind.Null, JsonElement.Parse(PushPayload.Message("acme", "c-9", "Ada", "e" + new string('\u0301', 3000), null, 1, 41)).GetProperty("body").ValueKind);

    [Fact]
    public void Even_the_longest_names_and_address_fit_by_leaving_the_address_out()
    {
        var name = new string('日', 200);
        var bytes = PushPayload.Message(name[..100], name, name, name, "https://acme.example/" + new string('x', 2000), 1, 41);
        Assert.True(bytes.Length <= PushPayload.MaxBytes, $"{bytes.Length} bytes");
        Assert.Equal(name, JsonElement.Parse(bytes).GetProperty("conversation").GetString());
    }

    [Fact]
    public void A_topic_is_32_characters_and_differs_by_conversation()
    {
        var a = PushTopic.Of(new byte[32], "acme", "c-9");
        Assert.Equal(32, a.Length);
        Assert.Equal(a, PushTopic.Of(new byte[32], "acme", "c-9"));
        Assert.NotEqual(a, PushTopic.Of(new byte[32], "acme", "c-8"));
        Assert.NotEqual(a, PushTopic.Of([1, .. new byte[31]], "acme", "c-9"));
    }
}
