using System.Text.RegularExpressions;

namespace Notifier.Worker.Sites;

/// <summary>Which settings a site may have of its own, in their environment form.</summary>
internal static partial class SiteSetting
{
    private static readonly HashSet<string> Plain =
    [
        "Escalation__ActiveWait", "Escalation__OnlineWait", "Escalation__IdleWait", "Escalation__EmailDelay", "Escalation__GroupEmailDelay", "Escalation__EmailDelayFloor",
        "Escalation__MaxPresenceDelay", "Escalation__QuietPeriod", "Escalation__MaxQuietWait", "Escalation__EmailsPerConversation", "Escalation__EmailsPerRecipient",
        "Escalation__DigestAbove", "Escalation__MessagesShown", "Escalation__StaleAfter", "Escalation__DismissOnApple", "Escalation__SubscriptionsPerRecipient",
        "Email__From", "Email__UnsubscribeAddress", "Email__Host", "Email__Port", "Email__Security", "Email__CaFile", "Email__User", "Email__SaslMechanism", "Email__AllowClearText",
        "Email__Connections", "Email__ConnectionsPerDomain", "Email__RatePerDomain", "WebPush__PublicKey", "WebPush__PreviousPublicKey", "WebPush__Subject", "Links__BaseUrl",
    ];

    private static readonly HashSet<string> Secret = ["Email__Password", "WebPush__PrivateKey", "WebPush__PreviousPrivateKey"];

    /// <summary>Columns of the row: what its emails are called, in which language they are, and how much they say.</summary>
    public const string Name = "Name", Locale = "Email__Locale", Content = "Email__Content";

    /// <summary>With one of these, a site has a mail server of its own, and its connections.</summary>
    private static readonly HashSet<string> MailServer =
    [
        "Email__Host", "Email__Port", "Email__Security", "Email__CaFile", "Email__User", "Email__Password", "Email__SaslMechanism", "Email__AllowClearText",
        "Email__Connections", "Email__ConnectionsPerDomain", "Email__RatePerDomain",
    ];

    public static bool IsSecret(string setting) => Secret.Contains(setting);

    public static bool IsMailServer(string setting) => MailServer.Contains(setting);

    public static bool IsColumn(string setting) => setting is Name or Locale or Content;

    public static bool IsKnown(string setting) => Plain.Contains(setting) || Secret.Contains(setting) || IsColumn(setting) || List().IsMatch(setting);

    /// <summary>Of a setting that is a list, what all its members begin with: a site's list replaces the whole of ours.</summary>
    public static string? ListOf(string setting) => List().Match(setting) is { Success: true } list ? list.Groups[1].Value : null;

    [GeneratedRegex(@"\A(Escalation__EmailLadder|Connect__Origins)__[0-9]{1,2}\z")]
    private static partial Regex List();
}
