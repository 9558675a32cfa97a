using System.Net;
using MailKit.Security;
using MimeKit;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>The section <c>Email</c>: which server takes our mail, and how.</summary>
public sealed class EmailOptions
{
    public const string Section = "Email";

    /// <summary>Name or address of the SMTP server. Required, save in Development: without it every email is a file in <see cref="MailFolder"/>.</summary>
    public string? Host { get; set; }

    /// <summary>1–65535. Default by <see cref="Security"/>: 587 for StartTls, 465 for Tls, 25 for None.</summary>
    public int? Port { get; set; }

    /// <summary>How the connection is protected. Default StartTls.</summary>
    public EmailSecurity Security { get; set; } = EmailSecurity.StartTls;

    /// <summary>Lets a server that is not on loopback be spoken to in the clear outside Development. Default false.</summary>
    public bool AllowClearText { get; set; }

    /// <summary>A PEM file of certificates trusted for this server besides the system's. Default none.</summary>
    public string? CaFile { get; set; }

    /// <summary>The name for AUTH; unset, no authentication is tried. Needs <see cref="Password"/>, or an OAuth 2.0 token.</summary>
    public string? User { get; set; }

    /// <summary>The password for AUTH.</summary>
    public string? Password { get; set; }

    /// <summary>
    /// The one mechanism to authenticate by: PLAIN, LOGIN, SCRAM-SHA-1, SCRAM-SHA-256 or SCRAM-SHA-512, or with a token OAUTHBEARER or XOAUTH2. A server that does not
    /// offer it gets no mail. Default: the best it offers; those that hand over the password or token itself only over TLS or on loopback, whatever is set here.
    /// </summary>
    public string? SaslMechanism { get; set; }

    /// <summary>A file with an OAuth 2.0 access token for AUTH, in place of a <see cref="Password"/>. Read for each connection. Default none.</summary>
    public string? OAuth2TokenFile { get; set; }

    /// <summary>A command line, run by <c>/bin/sh</c> for each connection, that prints an OAuth 2.0 access token. Default none.</summary>
    public string? OAuth2TokenCommand { get; set; }

    /// <summary>The sender, such as <c>Acme &lt;hello@acme.example&gt;</c>. Required with a <see cref="Host"/>.</summary>
    public string? From { get; set; }

    /// <summary>
    /// Where the mailto of List-Unsubscribe goes: an address without a name. Delivered to where bounces are read, such a mail unsubscribes. Default: the address of <see cref="From"/>.
    /// </summary>
    public string? UnsubscribeAddress { get; set; }

    /// <summary>
    /// Where bounces go: an address without a name, in ASCII, whose local part takes extensions after a +, such as <c>bounces@acme.example</c>. Each email's envelope sender is then
    /// <c>bounces+TOKEN@acme.example</c>, by which a bounce is matched with it. Default: the address of <see cref="From"/>, without a token.
    /// </summary>
    public string? BounceAddress { get; set; }

    /// <summary>Connections at the same time, 1–8. Default 4.</summary>
    public int Connections { get; set; } = 4;

    /// <summary>Mails under way to one receiving domain at a time, 1–8. Default: no limit but <see cref="Connections"/>.</summary>
    public int? ConnectionsPerDomain { get; set; }

    /// <summary>Mails a minute to one receiving domain, from each worker, 1–100,000. Default: no limit.</summary>
    public int? RatePerDomain { get; set; }

    /// <summary>A connection carries this many mails, then another is opened, 1–100,000. Default 1000.</summary>
    public int MessagesPerConnection { get; set; } = 1000;

    /// <summary>A connection that is older carries no further mail, 1 s–24 h. Default 10 min: a server behind a balancer that moves is followed.</summary>
    public TimeSpan ConnectionLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Sends content by BDAT (RFC 3030) where the server offers CHUNKING: a round trip less. Default true.</summary>
    public bool Chunking { get; set; } = true;

    /// <summary>
    /// After a TLS or authentication fault no connection is opened for this long, 0 (it is tried again at once) to 1 h; twice as long after each further one, up to 16 times. Default 30 s.
    /// </summary>
    public TimeSpan FaultPause { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What becomes of an email of which nobody can tell whether the server kept it. Default Resend.</summary>
    public UnknownOutcome OnUnknown { get; set; } = UnknownOutcome.Resend;

    /// <summary>For TCP, TLS and AUTH together, 1 s–5 min. Default 30 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// For each answer before the final dot, and each block of content, 1 s–10 min. Default 1 min: RFC 5321 section 4.5.3.2 allows 5, for
    /// relays anywhere; giving up on our own server early costs nothing, since nothing was handed over yet.
    /// </summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// For the answer to the final dot, 1 s–15 min. Default 10 min, as RFC 5321 section 4.5.3.2.6 asks: giving up early makes duplicates.
    /// </summary>
    public TimeSpan FinalTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a worker's claim on an email holds without renewal, 15 s–10 min; Development takes any positive value. Default 1 min, renewed every third of it.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A server that cannot be used is asked again after this, 1 s–1 h; Development takes any positive value. Default 30 s.</summary>
    public TimeSpan TransportPause { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Before the one re-send of an email whose outcome nobody knows, 1 s–1 h; Development takes any positive value. Default 1 min.</summary>
    public TimeSpan UnknownPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The waits after a transient refusal; then hourly, to 24 h in all. Each 1 s–24 h; Development takes any positive value. Default 1, 5, 15, 60 min.</summary>
    public IList<TimeSpan> Retries { get; } = [];

    /// <summary>Where emails are written without a <see cref="Host"/>, relative to the working directory. Default <c>.data/mail</c>.</summary>
    public string MailFolder { get; set; } = ".data/mail";

    /// <summary>Templates and words of the sites' own, as <c>{site}/{locale}/html.liquid</c>; see docs/email.md. Default none.</summary>
    public string? TemplateFolder { get; set; }

    /// <summary>The language of emails to people whose own nobody knows, a BCP 47 tag; a site may have its own (<c>site.locale</c>). Default <c>en</c>.</summary>
    public string Locale { get; set; } = "en";

    /// <summary>How much emails say; a site may have its own (<c>site.email_content</c>). Default Full.</summary>
    public ContentLevel Content { get; set; } = ContentLevel.Full;

    /// <summary><see cref="From"/> as an address. Valid options only.</summary>
    internal MailboxAddress Sender => MailboxAddress.Parse(From ?? "Notifier <notifier@localhost>");

    /// <summary>The domain of our Message-IDs.</summary>
    internal string Domain => Sender.Domain;

    internal IReadOnlyList<TimeSpan> RetrySteps => Retries.Count > 0 ? [.. Retries] : EmailRetry.Steps;

    internal string UnsubscribeMailbox => UnsubscribeAddress ?? Sender.Address;

    internal int EffectivePort => Port ?? Security switch
    {
        EmailSecurity.StartTls => 587,
        EmailSecurity.Tls => 465,
        _ => 25,
    };

    internal SecureSocketOptions SocketOptions => Security.SocketOptions();

    internal bool HostIsLoopback => IsLoopback(Host);

    internal static bool IsLoopback(string? host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>How the connection to the server is protected. There is no "if available": who sits in between would see to it that it is not.</summary>
public enum EmailSecurity
{
    /// <summary>Not at all: a server on the same machine, or by <see cref="EmailOptions.AllowClearText"/>.</summary>
    None,

    /// <summary>STARTTLS (RFC 3207), and no mail without it.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Tls,
}

/// <summary>What to do where the link died between the end of the content and the server's answer, or a worker did. Nobody can know whether the mail was kept.</summary>
public enum UnknownOutcome
{
    /// <summary>Once more, with the same Message-ID: better twice than never.</summary>
    Resend,

    /// <summary>Not again, unless an admin says so on the page Pending emails: better never than twice.</summary>
    Park,
}

internal static class EmailSecurityExtensions
{
    public static SecureSocketOptions SocketOptions(this EmailSecurity security) => security switch
    {
        EmailSecurity.StartTls => SecureSocketOptions.StartTls,
        EmailSecurity.Tls => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.None,
    };
}
