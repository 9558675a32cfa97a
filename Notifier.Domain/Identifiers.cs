using System.Security.Cryptography;
using System.Text;

namespace Notifier.Domain;

/// <summary>A user of a site, by the site's own id.</summary>
public readonly record struct RecipientKey(string Site, string Recipient);

/// <summary>One person's side of one conversation: the key of an escalation and of a seen mark.</summary>
public readonly record struct ConversationKey(string Site, string Recipient, string Conversation)
{
    public RecipientKey Owner => new(Site, Recipient);
}

/// <summary>
/// The unit of ownership: everything about one recipient is decided in one shard, by one worker at a time, so that presence,
/// caps and digests see a state that stands still. The SQL function <c>notifier.shard_of</c> says the same; a test compares them.
/// </summary>
public static class Shard
{
    public const int Count = 64;

    public static short Of(string site, string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{site}\x1f{key}"), hash);
        return (short)(hash[0] & (Count - 1));
    }
}
