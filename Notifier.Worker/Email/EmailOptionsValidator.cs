using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Worker.Email.Templates;

namespace Notifier.Worker.Email;

/// <summary>Refuses settings that could not work, or would be unsafe, before the first mail. Never repeats a value: some are secret.</summary>
internal sealed class EmailOptionsValidator(IHostEnvironment environment) : IValidateOptions<EmailOptions>
{
    private const int MostLocalPart = 64; // RFC 5321 section 4.5.3.1.1

    public ValidateOptionsResult Validate(string? name, EmailOptions options)
    {
        var failures = Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> Failures(EmailOptions options)
    {
        var hasHost = !string.IsNullOrWhiteSpace(options.Host);
        if (!hasHost && !environment.IsDevelopment())
            yield return "Email__Host: is required outside Development";
        if (options.Port is < 1 or > 65535)
            yield return "Email__Port: must be between 1 and 65535";
        if (!Enum.IsDefined(options.Security))
            yield return "Email__Security: must be None, StartTls or Tls";
        if (hasHost && options is { Security: EmailSecurity.None, AllowClearText: false, HostIsLoopback: false } && !environment.IsDevelopment())
            yield return "Email__Security: None sends mail in the clear; use StartTls or Tls, or set Email__AllowClearText=true if that link is private";
        var hasToken = options.OAuth2TokenFile is not null || options.OAuth2TokenCommand is not null;
        if (options.User is not null && string.IsNullOrEmpty(options.Password) && !hasToken)
            yield return "Email__Password: is required with Email__User";
        if (options.User is null && hasToken)
            yield return "Email__User: is required with an OAuth 2.0 token";
        if (new[] { options.Password, options.OAuth2TokenFile, options.OAuth2TokenCommand }.Count(s => s is not null) > 1)
            yield return "Email__Password, Email__OAuth2TokenFile, Email__OAuth2TokenCommand: only one of them can be used";
        if (options.OAuth2TokenFile is not null && !File.Exists(options.OAuth2TokenFile))
            yield return "Email__OAuth2TokenFile: there is no such file";
        var mechanisms = hasToken ? SaslChoice.Tokens : SaslChoice.Passwords;
        if (options.SaslMechanism is { } mechanism && !mechanisms.Contains(mechanism, StringComparer.OrdinalIgnoreCase))
            yield return $"Email__SaslMechanism: must be one of {string.Join(", ", mechanisms)} with {(hasToken ? "an OAuth 2.0 token" : "a password")}";
        if (options.User is null && options.Password is not null)
            yield return "Email__User: is required with Email__Password";
        if (options.CaFile is not null && !File.Exists(options.CaFile))
            yield return "Email__CaFile: there is no such file";
        if (hasHost && options.From is null)
            yield return "Email__From: is required with Email__Host";
        if (options.From is not null && !IsMailbox(options.From))
            yield return "Email__From: must be an address such as Acme <hello@acme.example>";
        if (options.UnsubscribeAddress is { } address && !(IsMailbox(address) && MailboxAddress.Parse(address).Address == address))
            yield return "Email__UnsubscribeAddress: must be an address without a name, such as unsubscribe@acme.example";
        if (options.BounceAddress is { } bounce && !(System.Text.Ascii.IsValid(bounce) && IsMailbox(bounce) && MailboxAddress.Parse(bounce).Address == bounce && bounce.Count(c => c == '@') == 1))
            yield return "Email__BounceAddress: must be an address without a name, such as bounces@acme.example";
        else if (options.BounceAddress?.IndexOf('@', StringComparison.Ordinal) > MostLocalPart - ReturnPath.Added)
            yield return $"Email__BounceAddress: must have at most {MostLocalPart - ReturnPath.Added} characters before the @, as a token is added";
        if (options.Connections is < 1 or > 8)
            yield return "Email__Connections: must be between 1 and 8";
        if (options.ConnectionsPerDomain is < 1 or > 8)
            yield return "Email__ConnectionsPerDomain: must be between 1 and 8";
        if (options.RatePerDomain is < 1 or > 100_000)
            yield return "Email__RatePerDomain: must be between 1 and 100000";
        if (options.MessagesPerConnection is < 1 or > 100_000)
            yield return "Email__MessagesPerConnection: must be between 1 and 100000";
        if (!Within(options.ConnectionLifetime, TimeSpan.FromDays(1)))
            yield return "Email__ConnectionLifetime: must be between 00:00:01 and 1.00:00:00";
        if (options.FaultPause < TimeSpan.Zero || options.FaultPause > TimeSpan.FromHours(1))
            yield return "Email__FaultPause: must be between 00:00:00 and 01:00:00";
        if (!Enum.IsDefined(options.OnUnknown))
            yield return "Email__OnUnknown: must be Resend or Park";
        if (!Within(options.ConnectTimeout, TimeSpan.FromMinutes(5)))
            yield return "Email__ConnectTimeout: must be between 00:00:01 and 00:05:00";
        if (!Within(options.CommandTimeout, TimeSpan.FromMinutes(10)))
            yield return "Email__CommandTimeout: must be between 00:00:01 and 00:10:00";
        if (!Within(options.FinalTimeout, TimeSpan.FromMinutes(15)))
            yield return "Email__FinalTimeout: must be between 00:00:01 and 00:15:00";
        if (!Within(options.Lease, TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(10)))
            yield return "Email__Lease: must be between 00:00:15 and 00:10:00";
        if (!Within(options.TransportPause, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)))
            yield return "Email__TransportPause: must be between 00:00:01 and 01:00:00";
        if (!Within(options.UnknownPause, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)))
            yield return "Email__UnknownPause: must be between 00:00:01 and 01:00:00";
        for (var i = 0; i < options.Retries.Count; i++)
            if (!Within(options.Retries[i], TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)))
                yield return $"Email__Retries__{i}: must be between 00:00:01 and 1.00:00:00";
        if (string.IsNullOrWhiteSpace(options.MailFolder))
            yield return "Email__MailFolder: must not be empty";
        if (options.TemplateFolder is not null && !Directory.Exists(options.TemplateFolder))
            yield return "Email__TemplateFolder: there is no such folder";
        if (LocaleTag.Chain(options.Locale).Count == 0)
            yield return "Email__Locale: must be a language tag such as de or pt-BR";
        if (!Enum.IsDefined(options.Content))
            yield return "Email__Content: must be Full, SenderOnly or CountOnly";
    }

    private static bool IsMailbox(string text) =>
        MailboxAddress.TryParse(text, out var mailbox) && mailbox.Domain.Length > 0 && System.Text.Ascii.IsValid(mailbox.LocalPart);

    // In development a person wants to see in seconds what takes minutes.
    private bool Within(TimeSpan value, TimeSpan least, TimeSpan most) => environment.IsDevelopment() ? value > TimeSpan.Zero : value >= least && value <= most;

    private static bool Within(TimeSpan value, TimeSpan most) => value >= TimeSpan.FromSeconds(1) && value <= most;
}
