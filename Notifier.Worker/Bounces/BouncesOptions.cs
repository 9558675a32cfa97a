using MailKit.Security;
using Microsoft.Extensions.Options;
using Notifier.Worker.Email;

namespace Notifier.Worker.Bounces;

/// <summary>The section <c>Bounces</c>: where mail to the bounce address can be read, and what follows from it.</summary>
public sealed class BouncesOptions
{
    public const string Section = "Bounces";

    /// <summary>
    /// A folder into which a mail server puts mail to the bounce address, a file each, by renaming when it is whole (Maildir's <c>new</c> is one). What is read is moved to
    /// <c>done/</c> in it, what is no mail to <c>unreadable/</c>. Default none.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>How often the folder and the mailbox are looked at, 1 s–1 d. Default 1 min.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>So many days with bounces that may pass, within <see cref="ScoreWindow"/>, suppress an address, 1–30. Default 5: a mailbox may be full for a weekend.</summary>
    public int ScoreLimit { get; set; } = 5;

    /// <summary>1 d–30 d, which is how long bounces are kept. Default 14 d.</summary>
    public TimeSpan ScoreWindow { get; set; } = TimeSpan.FromDays(14);

    /// <summary>An IMAP mailbox to read, besides or in place of the folder.</summary>
    public BounceMailboxOptions Imap { get; set; } = new();
}

/// <summary>The section <c>Bounces:Imap</c>.</summary>
public sealed class BounceMailboxOptions
{
    /// <summary>Name or address of the IMAP server. Default none: no mailbox is read.</summary>
    public string? Host { get; set; }

    /// <summary>1–65535. Default by <see cref="Security"/>: 993 for Tls, else 143.</summary>
    public int? Port { get; set; }

    /// <summary>How the connection is protected. None only for a server on loopback. Default Tls.</summary>
    public EmailSecurity Security { get; set; } = EmailSecurity.Tls;

    /// <summary>A PEM file of certificates trusted for this server besides the system's. Default none.</summary>
    public string? CaFile { get; set; }

    /// <summary>Required with a <see cref="Host"/>.</summary>
    public string? User { get; set; }

    /// <summary>Required with a <see cref="Host"/>.</summary>
    public string? Password { get; set; }

    /// <summary>What is read there; each mail that is dealt with gets the flag \Seen, and what is no mail \Flagged as well. Default INBOX.</summary>
    public string Mailbox { get; set; } = "INBOX";

    internal int EffectivePort => Port ?? (Security == EmailSecurity.Tls ? 993 : 143);

    internal SecureSocketOptions SocketOptions => Security.SocketOptions();
}

internal sealed class BouncesOptionsValidator : IValidateOptions<BouncesOptions>
{
    public ValidateOptionsResult Validate(string? name, BouncesOptions options)
    {
        var failures = Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Failures(BouncesOptions options)
    {
        if (options.Folder is not null && !Directory.Exists(options.Folder))
            yield return "Bounces__Folder: there is no such folder";
        if (options.Interval < TimeSpan.FromSeconds(1) || options.Interval > TimeSpan.FromDays(1))
            yield return "Bounces__Interval: must be between 00:00:01 and 1.00:00:00";
        if (options.ScoreLimit is < 1 or > 30)
            yield return "Bounces__ScoreLimit: must be between 1 and 30";
        if (options.ScoreWindow < TimeSpan.FromDays(1) || options.ScoreWindow > TimeSpan.FromDays(30))
            yield return "Bounces__ScoreWindow: must be between 1.00:00:00 and 30.00:00:00";
        if (options.Imap is not { Host: { } host } imap) yield break;
        if (imap.Port is < 1 or > 65535)
            yield return "Bounces__Imap__Port: must be between 1 and 65535";
        if (!Enum.IsDefined(imap.Security))
            yield return "Bounces__Imap__Security: must be None, StartTls or Tls";
        if (imap.Security == EmailSecurity.None && !EmailOptions.IsLoopback(host))
            yield return "Bounces__Imap__Security: None would send the password in the clear; use StartTls or Tls";
        if (string.IsNullOrEmpty(imap.User) || string.IsNullOrEmpty(imap.Password))
            yield return "Bounces__Imap__User, Bounces__Imap__Password: are required with Bounces__Imap__Host";
        if (imap.CaFile is not null && !File.Exists(imap.CaFile))
            yield return "Bounces__Imap__CaFile: there is no such file";
        if (string.IsNullOrWhiteSpace(imap.Mailbox))
            yield return "Bounces__Imap__Mailbox: must not be empty";
    }
}
