using Microsoft.Extensions.Options;
using MimeKit;
using MimeKit.Cryptography;

namespace Notifier.Worker.Email.Dkim;

/// <summary>Signs our mail as <see cref="DkimOptions"/> say; without a domain there it does nothing.</summary>
internal sealed class DkimSignature(IOptions<DkimOptions> options)
{
    // RFC 6376 section 5.4.1, and what RFC 8058 section 4 asks for: without both, one click is not offered.
    private static readonly HeaderId[] Covered =
    [
        HeaderId.From, HeaderId.To, HeaderId.Subject, HeaderId.Date, HeaderId.MessageId, HeaderId.InReplyTo, HeaderId.References,
        HeaderId.ListId, HeaderId.ListUnsubscribe, HeaderId.ListUnsubscribePost, HeaderId.AutoSubmitted,
    ];

    private readonly DkimSigner[] _signers = [.. Signers(options.Value)];

    /// <summary>The last thing that is done to a mail, prepared for 7 bits: nothing may change in it afterwards.</summary>
    public void Sign(MimeMessage message)
    {
        if (_signers.Length == 0) return;
        var covered = Covered.Where(message.Headers.Contains).ToArray();
        foreach (var signer in _signers) signer.Sign(message, covered);
    }

    private static IEnumerable<DkimSigner> Signers(DkimOptions options)
    {
        if (options is { Domain: { } domain, Selector: { } selector, KeyFile: { } file }) yield return Relaxed(DkimKey.Signer(file, domain, selector));
        if (options is { Domain: { } same, SecondSelector: { } second, SecondKeyFile: { } other }) yield return Relaxed(DkimKey.Signer(other, same, second));
    }

    // Servers on the way fold headers and trim lines.
    private static DkimSigner Relaxed(DkimSigner signer)
    {
        signer.HeaderCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed;
        signer.BodyCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Relaxed;
        return signer;
    }
}
