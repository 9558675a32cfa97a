using System.Security.Cryptography;
using System.Text;
using Notifier.Domain;
using Notifier.Domain.WebPush;
using Notifier.Worker.Email;
using Notifier.Worker.Escalation;
using Notifier.Worker.Unsubscribe;
using Notifier.Worker.WebPush;

namespace Notifier.Worker.Sites;

/// <summary>What holds for one site: its row's settings, and for the rest ours. Never changes; a changed row makes a new one.</summary>
/// <param name="MailServer">Null: ours. Else what tells one mail server of a site from the next.</param>
/// <param name="HasKeys">The site has API keys of its own, and takes no other.</param>
internal sealed record SiteSettings(
    EscalationOptions Escalation, EmailOptions Email, LinksOptions Links, IReadOnlyList<string> Origins, VapidKeyring Keys, string? PushSubject, string? MailServer, bool HasKeys)
{
    // Topics must be the same after a restart, and say nothing: any secret of ours that lasts as long as the subscription will do.
    private readonly Dictionary<VapidKeys, byte[]> _topicKeys = Keys.All.ToDictionary(k => k, k => HMACSHA256.HashData(Encoding.UTF8.GetBytes(k.PrivateKey), "topic"u8));

    public EscalationPolicy Policy => Escalation.Policy;

    public byte[] TopicKey(VapidKeys keys) => _topicKeys[keys];

    /// <param name="keys">From <see cref="Keys"/>.</param>
    public VapidSigner Signer(VapidKeys keys) => new(keys, PushSubject!);
}
