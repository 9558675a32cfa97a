using System.Security.Cryptography;
using System.Text;

namespace Notifier.Domain.Email;

/// <summary>The msg-ids (RFC 5322 section 3.6.4) of our mail, angle brackets included.</summary>
public static class EmailIdentity
{
    /// <summary>
    /// The Message-ID of one email. It is fixed before the first attempt, so that a re-send after an unknown outcome carries the same
    /// one and receiving systems can tell that it is the same mail.
    /// </summary>
    /// <param name="escalation">The escalation's id.</param>
    /// <param name="number">1 for its first email, 2 for the next.</param>
    /// <param name="domain">The sender's domain, in ASCII.</param>
    public static string MessageId(long escalation, int number, string domain) => $"<e{escalation}.{number}@{domain}>";

    /// <summary>
    /// The id every email about one conversation names first in <c>References</c>, though no mail carries it: mail clients then thread
    /// them, whichever was lost. It depends on the conversation alone, and says nothing about it to who reads the header.
    /// </summary>
    public static string ThreadRoot(string site, string conversation, string domain)
    {
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{site.Length}:{site}{conversation}"));
        return $"<c{Convert.ToHexStringLower(hash, 0, 16)}@{domain}>";
    }
}
