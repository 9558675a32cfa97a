using System.Buffers.Text;
using System.Security.Cryptography;
using Notifier.Domain.Email;
using Notifier.Domain.WebPush;
using Notifier.Worker.Email.Templates;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Sites;

/// <summary>The command <c>site</c>: adds, lists and changes sites. Workers that run take it within seconds.</summary>
internal sealed class SiteCommand(SiteStore store, SiteReader reader, SiteSecrets secrets, TextWriter output)
{
    public const string Usage =
        "site add NAME [SETTING=VALUE ...] | site set NAME SETTING=VALUE ... | site list | site rotate NAME | site retire NAME | site enable NAME | site disable NAME";

    private const int LongestName = 100, KeyBytes = 32;

    public static async Task<int> RunAsync(IServiceProvider services, string[] arguments, TextWriter output)
    {
        await ActivatorUtilities.CreateInstance<SiteCommand>(services, output).RunAsync(arguments);
        return 0;
    }

    private Task RunAsync(string[] arguments) => arguments switch
    {
        ["list"] => ListAsync(),
        ["add", var name, .. var settings] => AddAsync(name, settings),
        ["set", var name, _, ..] => SetAsync(name, arguments[2..]),
        ["rotate", var name] => RotateAsync(name),
        ["retire", var name] => RetireAsync(name),
        ["enable", var name] => SwitchAsync(name, on: true),
        ["disable", var name] => SwitchAsync(name, on: false),
        _ => throw new SettingException("site:", $"is not understood like this; it is {Usage}"),
    };

    private async Task ListAsync()
    {
        var rows = await store.ReadAllAsync(CancellationToken.None);
        foreach (var row in rows)
        {
            var own = row.Settings.Keys.Concat(row.Secrets.Keys).Order(StringComparer.Ordinal).ToArray();
            await output.WriteLineAsync(
                $"{row.Id}  {(row.Enabled ? "enabled" : "disabled")}  {row.Keys.Count} {(row.Keys.Count == 1 ? "key" : "keys")}  {(own.Length == 0 ? "no settings of its own" : string.Join(", ", own))}");
        }
        if (rows.Count == 0) await output.WriteLineAsync("No site has a row; all of them go by the settings.");
    }

    private async Task AddAsync(string name, string[] settings)
    {
        var known = await store.FindAsync(Checked(name), CancellationToken.None);
        if (known is { Keys.Count: > 0 } or { Settings.Count: > 0 }) throw new SettingException($"site {name}:", "is there already; use site set or site rotate");
        var row = Change(known ?? Empty(name), settings);
        // Pairs of their own keep sites apart: who learns one can push for that site only.
        if (!row.Settings.ContainsKey("WebPush__PublicKey") && reader.Read(row).PushSubject is not null)
        {
            var pair = VapidKeys.Generate();
            row = Change(row, [$"WebPush__PublicKey={pair.PublicKey}", $"WebPush__PrivateKey={pair.PrivateKey}"]);
        }
        await SaveWithKeyAsync(row, $"Site {name} is added.");
    }

    private async Task SetAsync(string name, string[] settings)
    {
        var row = Change(await FindAsync(name), settings);
        reader.Read(row);
        await store.SaveAsync(row, null, CancellationToken.None);
        await output.WriteLineAsync($"Site {name} is changed.");
    }

    private async Task RotateAsync(string name) =>
        await SaveWithKeyAsync(await FindAsync(name), $"Site {name} has a new key. The ones before stay good until: site retire {name}");

    private async Task RetireAsync(string name)
    {
        await FindAsync(name);
        var gone = await store.RetireKeysAsync(name, CancellationToken.None);
        await output.WriteLineAsync($"{gone} {(gone == 1 ? "key" : "keys")} of site {name} {(gone == 1 ? "is" : "are")} gone; the newest stays.");
    }

    private async Task SwitchAsync(string name, bool on)
    {
        // A site without a row is on; switched off, it needs one, and still has nothing else of its own.
        var row = await store.FindAsync(name, CancellationToken.None) ?? (on ? throw Unknown(name) : Empty(Checked(name)));
        await store.SaveAsync(row with { Enabled = on }, null, CancellationToken.None);
        await output.WriteLineAsync($"Site {name} is {(on ? "enabled" : "disabled: what is decided from now on ends with site_disabled")}.");
    }

    private async Task SaveWithKeyAsync(SiteRow row, string said)
    {
        var key = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));
        reader.Read(row with { Keys = [.. row.Keys, ApiKeys.Hash(key)] });
        await store.SaveAsync(row, ApiKeys.Hash(key), CancellationToken.None);
        await output.WriteLineAsync(said);
        await output.WriteLineAsync($"API key, shown this once: {key}");
    }

    private async Task<SiteRow> FindAsync(string name) => await store.FindAsync(name, CancellationToken.None) ?? throw Unknown(name);

    private static SiteRow Empty(string name) => new(name, true, null, null, null, new Dictionary<string, string>(), new Dictionary<string, string>(), [], default);

    private static string Checked(string name) => name.Length is > 0 and <= LongestName && !name.Any(char.IsControl) && !name.StartsWith('-')
        ? name : throw new SettingException("site:", $"a name is 1 to {LongestName} characters, without control characters, and does not begin with -");

    private static SettingException Unknown(string name) => new($"site {name}:", "has no row; make one with site add");

    /// <summary>A value of nothing takes the setting away: from then on, ours holds.</summary>
    private SiteRow Change(SiteRow row, string[] settings)
    {
        var (plain, hidden) = (new Dictionary<string, string>(row.Settings), new Dictionary<string, string>(row.Secrets));
        foreach (var argument in settings)
        {
            if (argument.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var at)) throw new SettingException($"{argument}:", $"is not SETTING=VALUE; it is {Usage}");
            var (setting, value) = (argument[..at], argument[(at + 1)..]);
            if (!SiteSetting.IsKnown(setting)) throw new SettingException($"{setting}:", "is not a setting that a site can have of its own; docs/configuration.md lists them");
            row = setting switch
            {
                SiteSetting.Name => row with { Name = value.Length == 0 ? null : value },
                SiteSetting.Locale => row with { Locale = value.Length == 0 ? null : LocaleTag.Chain(value).Count > 0 ? value : throw new SettingException("Email__Locale:", "must be a language tag such as de or pt-BR") },
                SiteSetting.Content => row with { Content = value.Length == 0 ? null : Level(value) },
                _ => row,
            };
            if (SiteSetting.IsColumn(setting)) continue;
            var place = SiteSetting.IsSecret(setting) ? hidden : plain;
            if (value.Length == 0) place.Remove(setting);
            else place[setting] = SiteSetting.IsSecret(setting) ? secrets.Protect(row.Id, setting, value) : value;
        }
        return row with { Settings = plain, Secrets = hidden };
    }

    private static short Level(string value) => Enum.TryParse<ContentLevel>(value, out var level) && Enum.IsDefined(level)
        ? (short)level : throw new SettingException("Email__Content:", "must be Full, SenderOnly or CountOnly");
}
