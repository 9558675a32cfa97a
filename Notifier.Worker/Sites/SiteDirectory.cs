using System.Collections.Frozen;
using Microsoft.Extensions.Options;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Sites;

/// <summary>What holds for each site, as of the rows that were read last; asked on every message's way, so it answers from memory.</summary>
internal sealed partial class SiteDirectory(SiteStore store, SiteReader reader, ILogger<SiteDirectory> log)
{
    private sealed record Entry(SiteRow Row, SiteSettings Settings);

    private sealed record Snapshot(FrozenDictionary<string, Entry> Sites, FrozenDictionary<string, string> Keys)
    {
        public IReadOnlyList<string> WithMailServer { get; } = [.. Sites.Where(s => s.Value.Settings.MailServer is not null).Select(s => s.Key)];
    }

    private readonly Lazy<SiteSettings> _ours = new(reader.Ours);
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Snapshot _now = new(FrozenDictionary<string, Entry>.Empty, FrozenDictionary<string, string>.Empty);
    private string? _wrong;

    /// <summary>False: no row was read yet, so nobody can say what is a site's own.</summary>
    public bool IsLoaded => _loaded.Task.IsCompletedSuccessfully;

    /// <summary>What sends, or decides, waits for this first: with a site's settings unknown, ours would be taken for them.</summary>
    public Task LoadedAsync(CancellationToken cancellation) => _loaded.Task.WaitAsync(cancellation);

    /// <summary>The sites with a mail server of their own.</summary>
    public IReadOnlyList<string> WithMailServer => _now.WithMailServer;

    public bool HasKeys => _now.Keys.Count > 0;

    public SiteSettings Of(string site) => _now.Sites.TryGetValue(site, out var entry) ? entry.Settings : _ours.Value;

    /// <param name="hash">From <see cref="ApiKeys.Hash"/>.</param>
    /// <returns>The site whose key this is; null: nobody's.</returns>
    public string? OwnerOf(byte[] hash) => _now.Keys.GetValueOrDefault(Convert.ToHexString(hash));

    /// <param name="keyOf">From <see cref="ApiKeys.SiteOf(string)"/>: the only site that a key is for, or nothing for one of the settings that is for all.</param>
    /// <returns>Whether that key is good for a site. Those of the settings are for sites without any of their own.</returns>
    public bool Takes(string keyOf, string site) => keyOf.Length == 0 ? !Of(site).HasKeys : keyOf == site;

    /// <summary>Reads all rows anew. A row that cannot be used keeps what held before; at the start it stops the start.</summary>
    /// <exception cref="OptionsValidationException">A setting in a row is wrong, at the start.</exception>
    /// <exception cref="SettingException">A secret cannot be read, at the start.</exception>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        var rows = await store.ReadAllAsync(cancellation);
        var sites = new Dictionary<string, Entry>();
        List<string> wrong = [];
        foreach (var row in rows)
        {
            var known = _now.Sites.GetValueOrDefault(row.Id);
            try
            {
                // What did not change stays the same object.
                sites[row.Id] = known is not null && IsSame(known.Row, row) ? known : new Entry(row, reader.Read(row));
            }
            catch (Exception e) when (IsLoaded && e is OptionsValidationException or SettingException)
            {
                wrong.Add(StartFault.Line(e)!);
                if (known is not null) sites[row.Id] = known;
            }
        }
        _now = new Snapshot(sites.ToFrozenDictionary(), rows.SelectMany(r => r.Keys.Select(k => KeyValuePair.Create(Convert.ToHexString(k), r.Id))).ToFrozenDictionary());
        Tell(string.Join("; ", wrong));
        _loaded.TrySetResult();
    }

    /// <summary>Once for each mistake, not at every look.</summary>
    private void Tell(string wrong)
    {
        if (wrong.Length > 0 && wrong != _wrong) LogWrong(log, wrong);
        _wrong = wrong;
    }

    private static bool IsSame(SiteRow a, SiteRow b) => Same(a.Settings, b.Settings) && Same(a.Secrets, b.Secrets) && a.Keys.Count > 0 == b.Keys.Count > 0;

    private static bool Same(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) => a.Count == b.Count && a.All(s => b.GetValueOrDefault(s.Key) == s.Value);

    [LoggerMessage(Level = LogLevel.Error, Message = "ALARM: settings in the row of a site cannot be used: {Wrong}; what held before goes on holding")]
    private static partial void LogWrong(ILogger log, string wrong);
}
