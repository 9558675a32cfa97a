using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>
/// The text/html part. Styles are inline, since many clients drop style sheets; the one sheet only recolours for dark mode, where it is
/// kept. No picture, no font and no script: opening a mail must tell nobody that it was opened.
/// </summary>
internal static class HtmlBody
{
    private const string Font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;";

    private const string ButtonStyle =
        "display:inline-block;padding:10px 18px;border-radius:8px;background:#1f6feb;color:#ffffff;font-size:14px;font-weight:600;text-decoration:none";

    public static Html Write(EmailDigest digest, EmailEnvelope envelope) => Html.Of($$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta name="color-scheme" content="light dark">
        <meta name="supported-color-schemes" content="light dark">
        <title>{{EmailWording.Subject(digest)}}</title>
        <style>
        @media (prefers-color-scheme: dark) {
          .page { background: #15171a !important; }
          .card { background: #1f2226 !important; border-color: #34383e !important; }
          .strong { color: #f1f3f5 !important; }
          .soft { color: #a3a9b1 !important; }
          .line { border-color: #34383e !important; }
          .button { background: #4c8dff !important; }
        }
        </style>
        </head>
        <body class="page" style="margin:0;padding:0;background:#f3f4f6;{{Font}}">
        <div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{{EmailWording.Preview(digest)}}</div>
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" class="page" style="background:#f3f4f6">
        <tr><td align="center" style="padding:24px 12px">
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px">
        <tr><td class="soft" style="padding:0 4px 12px;font-size:14px;font-weight:600;color:#5f6670">{{EmailWording.Site(digest)}}</td></tr>
        <tr><td class="card" style="padding:24px;background:#ffffff;border:1px solid #e2e5e9;border-radius:12px">
        <h1 class="strong" style="margin:0;font-size:20px;line-height:1.3;color:#16191d;word-break:break-word">{{EmailWording.Heading(digest)}}</h1>
        {{Html.Each(digest.Conversations, conversation => Conversation(conversation, digest))}}
        </td></tr>
        <tr><td class="soft" style="padding:16px 4px 0;font-size:12px;line-height:1.5;color:#5f6670">
        {{EmailWording.Why(digest)}}
        <a href="{{envelope.Unsubscribe.OneClick.AbsoluteUri}}" class="soft" style="color:#5f6670">Unsubscribe</a>
        </td></tr>
        </table>
        </td></tr>
        </table>
        </body>
        </html>

        """);

    private static Html Conversation(DigestConversation conversation, EmailDigest digest) => Html.Of($"""
        {(digest.Conversations.Count > 1 ? ConversationHeading(conversation) : Html.Empty)}
        {Html.Each(conversation.Newest, Message)}
        {More(conversation)}
        {Button(conversation, digest)}
        """);

    private static Html ConversationHeading(DigestConversation conversation) => Html.Of($"""
        <h2 class="strong line" style="margin:24px 0 0;padding:20px 0 0;border-top:1px solid #e2e5e9;font-size:16px;color:#16191d;word-break:break-word">
        {EmailWording.Heading(conversation)}
        <span class="soft" style="font-weight:400;font-size:13px;color:#5f6670">{EmailWording.Messages(conversation.Unseen)}</span></h2>
        """);

    private static Html Message(DigestMessage message) => Html.Of($"""
        <div style="margin:16px 0 0;font-size:15px;line-height:1.45">
        <div class="soft" style="font-size:13px;color:#5f6670">
        <b class="strong" dir="auto" style="color:#16191d">{EmailWording.Name(message)}</b> &middot; {MessageTime.Write(message.SentAt)}</div>
        <div class="strong" dir="auto" style="margin:2px 0 0;color:#16191d;word-break:break-word">{Words(message)}</div>
        </div>
        """);

    private static Html Words(DigestMessage message) => message.Text is null
        ? Html.Of($"""<i class="soft" style="color:#5f6670">{EmailWording.Sealed}</i>""")
        : Html.Lines(UserText.Block(message.Text));

    private static Html More(DigestConversation conversation) => conversation.NotShown == 0
        ? Html.Empty
        : Html.Of($"""<p class="soft" style="margin:16px 0 0;font-size:14px;color:#5f6670">and {conversation.NotShown} more</p>""");

    private static Html Button(DigestConversation conversation, EmailDigest digest) => WebLink.From(conversation.Url) is not { } link
        ? Html.Empty
        : Html.Of($"""
            <p style="margin:20px 0 0"><a href="{link}" class="button" style="{ButtonStyle}">{EmailWording.Open(digest)}</a></p>
            """);
}
