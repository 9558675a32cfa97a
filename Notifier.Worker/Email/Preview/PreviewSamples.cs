using Notifier.Domain.Email;

namespace Notifier.Worker.Email.Preview;

/// <summary>Emails as people get them, one of each kind.</summary>
internal static class PreviewSamples
{
    private static readonly DateTimeOffset Afternoon = new(2026, 11, 24, 14, 5, 0, TimeSpan.Zero);

    public static IReadOnlyList<string> Kinds { get; } = ["single", "many", "digest", "sender-only", "count-only", "sealed", "mixed-scripts"];

    public static EmailDigest Of(string kind, string locale, string site)
    {
        var said = Said(locale);
        var (level, conversations) = kind switch
        {
            "many" => (ContentLevel.Full, [Conversation(said, 30, 10) with { Title = said.Title, Group = true }]),
            "digest" => (ContentLevel.Full, (DigestConversation[])
                [Conversation(said, 1, 1), Conversation(said, 12, 3) with { Title = said.Title }, Conversation(said, 2, 2), Sealed(said) with { Id = "c-4" }]),
            "sender-only" => (ContentLevel.SenderOnly, [Conversation(said, 3, 3)]),
            "count-only" => (ContentLevel.CountOnly, [Conversation(said, 3, 3)]),
            "sealed" => (ContentLevel.Full, [Sealed(said)]),
            "mixed-scripts" => (ContentLevel.Full, [Mixed(said)]),
            _ => (ContentLevel.Full, [Conversation(said, 1, 1)]),
        };
        return new EmailDigest("Acme", new EmailRecipient("bob@example.org", "Bob", locale, said.Zone), conversations) { Site = site, Level = level };
    }

    private static DigestConversation Conversation(Sample said, int unseen, int shown) => new("c-1", null, "https://acme.example/messages/c-9", unseen,
        [.. Enumerable.Range(0, shown).Select(i => new DigestMessage(i, said.Names[shown == 1 ? 0 : i % said.Names.Length], said.Texts[i % said.Texts.Length], Afternoon.AddMinutes(i)))]);

    private static DigestConversation Sealed(Sample said) => Conversation(said, 2, 2) is var open
        ? open with { Newest = [.. open.Newest.Select(m => m with { Text = null })] } : throw new InvalidOperationException();

    // Names and texts that run the other way, and words that no line is long enough for.
    private static DigestConversation Mixed(Sample said) => new("c-1", "Order 1042 – طلب – ご注文", "https://acme.example/messages/c-9", 4,
    [
        new(1, "ليلى ‎(Support)", "هل ما زال متاحًا؟ Is it (still) available?", Afternoon),
        new(2, "Ada", new string('x', 160), Afternoon.AddMinutes(1)),
        new(3, said.Names[0], "https://example.org/" + new string('a', 120) + " 👩‍👩‍👧 ﷽", Afternoon.AddMinutes(2)),
        new(4, "דנה", "מה שלומך?\r\n<script>alert(1)</script>", Afternoon.AddMinutes(3)),
    ]);

    private static Sample Said(string locale) => locale switch
    {
        "de" => new("Bestellung 1042", ["Jörg", "Anneliese"], ["Ist es noch zu haben?", "Ich könnte es morgen gegen drei abholen.\nPasst das?", "Danke!"], "Europe/Berlin"),
        "fr" => new("Commande 1042", ["Zoé", "Éloïse"], ["Est-il encore disponible ?", "Je pourrais passer demain vers 15 h.\nCela vous convient-il ?", "Merci !"], "Europe/Paris"),
        "es" => new("Pedido 1042", ["Íñigo", "Begoña"], ["¿Sigue disponible?", "Podría recogerlo mañana a las tres.\n¿Te va bien?", "¡Gracias!"], "Europe/Madrid"),
        "pt" => new("Pedido 1042", ["João", "Inês"], ["Ainda está disponível?", "Posso passar amanhã às três.\nPode ser?", "Obrigado!"], "America/Sao_Paulo"),
        "ar" => new("الطلب 1042", ["ليلى", "Ada"], ["هل ما زال متاحًا؟", "يمكنني المرور غدًا في الثالثة.\nهل يناسبك؟", "شكرًا!"], "Africa/Cairo"),
        "ja" => new("ご注文1042", ["花子", "太郎"], ["まだありますか。", "明日の三時ごろに取りに伺えます。\nよろしいでしょうか。", "ありがとうございます。"], "Asia/Tokyo"),
        _ => new("Order 1042", ["Ada", "Grace"], ["Is it still available?", "I could collect it tomorrow at three.\nWould that suit you?", "Thank you!"], "Europe/London"),
    };

    private sealed record Sample(string Title, string[] Names, string[] Texts, string Zone);
}
