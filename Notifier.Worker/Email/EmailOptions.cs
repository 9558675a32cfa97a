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

    /// <summary>The name for AUTH; unset, no authentication is tried. Needs <see cref="Password"/>.</summary>
    public string? User { get; set; }

    /// <summary>The password for AUTH.</summary>
    public string? Password { get; set; }

    /// <summary>The sender, such as <c>Acme &lt;hello@acme.example&gt;</c>. Required with a <see cref="Host"/>.</summary>
    public string? From { get; set; }

    /// <summary>Where the mailto of List-Unsubscribe goes: an address without a name. Default: the address of <see cref="From"/>.</summary>
    public string? UnsubscribeAddress { get; set; }

    /// <summary>Connections at the same time, 1–8. Default 4.</summary>
    public int Connections { get; set; } = 4;

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

    internal SecureSocketOptions SocketOptions => Security switch
    {
        EmailSecurity.StartTls => SecureSocketOptions.StartTls,
        EmailSecurity.Tls => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.None,
    };

    internal bool HostIsLoopback =>
        string.Equals(Host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));
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
