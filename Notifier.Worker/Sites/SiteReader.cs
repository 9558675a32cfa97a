using Microsoft.Extensions.Options;
using Notifier.Worker.Email;
using Notifier.Worker.Escalation;
using Notifier.Worker.Storage;
using Notifier.Worker.Unsubscribe;
using Notifier.Worker.WebPush;

namespace Notifier.Worker.Sites;

/// <summary>
/// Makes of a site's row what holds for it: its settings over ours, bound and validated by the very rules of the start, so that what could not work is refused with
/// the same words.
/// </summary>
internal sealed class SiteReader(IConfiguration configuration, IHostEnvironment environment, SiteSecrets secrets)
{
    private static readonly string[] Sections = [EscalationOptions.Section, EmailOptions.Section, WebPushOptions.Section, LinksOptions.Section, ConnectOptions.Section];

    /// <summary>What holds for a site without a row.</summary>
    public SiteSettings Ours() => Of(configuration, new Dictionary<string, string>(), hasKeys: false, validate: false); // the start has

    /// <exception cref="OptionsValidationException">A setting is wrong.</exception>
    /// <exception cref="SettingException">A secret cannot be read.</exception>
    public SiteSettings Read(SiteRow row)
    {
        var own = row.Settings.Concat(row.Secrets.Select(s => KeyValuePair.Create(s.Key, secrets.Reveal(row.Id, s.Key, s.Value)))).ToDictionary();
        if (own.Count == 0 && row.Keys.Count == 0) return Ours();
        try
        {
            return Of(Over(own), own, row.Keys.Count > 0, validate: true);
        }
        catch (OptionsValidationException wrong)
        {
            throw new OptionsValidationException(row.Id, wrong.OptionsType, wrong.Failures.Select(f => $"site {row.Id}: {f}"));
        }
    }

    private SiteSettings Of(IConfiguration all, Dictionary<string, string> own, bool hasKeys, bool validate)
    {
        var push = Bind(all, WebPushOptions.Section, validate ? new WebPushOptionsValidator(environment) : null);
        // Browsers that subscribed before the site had a pair of its own are bound to ours.
        var older = own.ContainsKey("WebPush__PublicKey") ? Bind<WebPushOptions>(configuration, WebPushOptions.Section, null) : null;
        var mailServer = own.Where(s => SiteSetting.IsMailServer(s.Key)).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}={s.Value}").ToArray();
        return new SiteSettings(
            Bind(all, EscalationOptions.Section, validate ? new EscalationOptionsValidator(environment) : null),
            Bind(all, EmailOptions.Section, validate ? new EmailOptionsValidator(environment) : null),
            Bind(all, LinksOptions.Section, validate ? new LinksOptionsValidator() : null),
            [.. Bind(all, ConnectOptions.Section, validate ? new ConnectOptionsValidator() : null).Origins],
            new VapidKeyring(push, older), push.Subject, mailServer.Length == 0 ? null : string.Join('\n', mailServer), hasKeys);
    }

    private IConfigurationRoot Over(Dictionary<string, string> own)
    {
        var lists = own.Keys.Select(SiteSetting.ListOf).OfType<string>().Select(l => Path(l) + ':').ToArray();
        var builder = new ConfigurationBuilder();
        builder.AddInMemoryCollection(Sections.SelectMany(s => configuration.GetSection(s).AsEnumerable())
            .Where(s => s.Value is not null && !Array.Exists(lists, l => s.Key.StartsWith(l, StringComparison.OrdinalIgnoreCase))
                && !(own.ContainsKey("WebPush__PublicKey") && s.Key.StartsWith("WebPush:Previous", StringComparison.OrdinalIgnoreCase))
                && !OursAlone(own).Contains(s.Key, StringComparer.OrdinalIgnoreCase)));
        builder.AddInMemoryCollection(own.Select(s => KeyValuePair.Create(Path(s.Key), (string?)s.Value)));
        return builder.Build();
    }

    /// <summary>Who we are to our mail server is nobody else's business: a host that a site names hears nothing of it, and its password goes with none of our tokens.</summary>
    private static string[] OursAlone(Dictionary<string, string> own)
    {
        string[] tokens = ["Email:OAuth2TokenFile", "Email:OAuth2TokenCommand", "Email:SaslMechanism"];
        return (own.ContainsKey("Email__Host"), own.ContainsKey("Email__Password")) switch
        {
            (true, false) => ["Email:User", "Email:Password", .. tokens],
            (_, true) => tokens,
            _ => [],
        };
    }

    private static string Path(string setting) => setting.Replace("__", ":", StringComparison.Ordinal);

    private static T Bind<T>(IConfiguration all, string section, IValidateOptions<T>? validator)
        where T : class, new()
    {
        var options = SectionBinding.Read<T>(all.GetSection(section));
        if (validator?.Validate(null, options) is { Failed: true } wrong) throw new OptionsValidationException(section, typeof(T), wrong.Failures);
        return options;
    }
}
