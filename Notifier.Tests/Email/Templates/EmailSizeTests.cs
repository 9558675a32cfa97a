using System.Text;
using Notifier.Domain.Email;
using Xunit;

namespace Notifier.Tests.Email.Templates;

/// <summary>Gmail clips a mail whose HTML is longer than 102 kB, and with it the way to unsubscribe.</summary>
public sealed class EmailSizeTests
{
    private static readonly string[] Filling = ["<", "&", "👩‍👩‍👧", "日", "م", "a ", "\n", "a\u0301\u0302\u0303\u0304\u0305\u0306", "'\"", "\u200D"];

    public static TheoryData<int, int> Cases
    {
        get
        {
            var cases = new TheoryData<int, int>();
            foreach (var conversations in (int[])[1, 21, 400])
                for (var i = 0; i < Filling.Length; i++) cases.Add(conversations, i);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Whatever_people_write_the_html_is_not_clipped_and_nothing_is_hidden(int conversations, int filling)
    {
        var much = string.Concat(Enumerable.Repeat(Filling[filling], 64 * 1024 / Filling[filling].Length));
        var digest = Mails.Digest([.. Enumerable.Range(0, conversations).Select(c => new DigestConversation(
            $"c{c}", much, $"https://acme.example/{much[..Math.Min(2000, much.Length)]}", 10, [.. Enumerable.Range(0, 10).Select(i => Mails.Message(much, much, i))]))]);

        var mail = Mails.Received(Mails.Compose(digest, Mails.Envelope));

        var html = mail.HtmlBody!;
        Assert.InRange(Encoding.UTF8.GetByteCount(html), 1000, 102_000);
        Assert.EndsWith("</html>", html.TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("/unsubscribe/abc", html, StringComparison.Ordinal);
        var shown = html.Split("class=\"button\"").Length - 1;
        if (conversations > 1) Assert.Contains($"{10 * conversations:N0} new messages in {conversations} conversations", html, StringComparison.Ordinal);
        if (shown < conversations) Assert.Contains($"and {conversations - shown} more conversations on", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_short_conversations_are_all_there()
    {
        var digest = Mails.Digest([.. Enumerable.Range(0, 60).Select(c => Mails.Conversation(1, Mails.Message($"word {c}.")) with { Title = $"Order {c}." })]);

        var mail = Mails.Received(Mails.Compose(digest, Mails.Envelope));

        Assert.All(Enumerable.Range(0, 60), c => Assert.Contains($"Order {c}.", mail.HtmlBody, StringComparison.Ordinal));
        Assert.All(Enumerable.Range(0, 60), c => Assert.Contains($"word {c}.", mail.TextBody, StringComparison.Ordinal));
    }
}
