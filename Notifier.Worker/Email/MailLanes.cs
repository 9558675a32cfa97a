using Notifier.Worker.Sites;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Email;

/// <summary>
/// What is under way at a time to one receiving domain, where that is limited (large ones refuse who comes with more, and that costs all who write to them), and to one site's own
/// mail server. What is over that waits by itself; while it does, nothing more is claimed of its lane. So what hangs holds up nobody else. And after an outage what is late goes at half
/// the rate: it takes half of a mail server's connections.
/// </summary>
internal sealed class MailLanes(SiteDirectory sites)
{
    /// <summary>Where one email waits until its turn has come, and then stands until disposed.</summary>
    internal sealed class Place(MailLanes lanes, bool ofSite, IReadOnlyList<(string Lane, int Most)> takes) : IDisposable
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Entered => _entered.Task;

        /// <summary>It goes to the mail server of all, and does not wait for its domain.</summary>
        public bool IsAtOurs => !ofSite && (Entered.IsCompleted || takes.All(t => t.Lane == LateAtOurs));

        internal IReadOnlyList<(string Lane, int Most)> Takes => takes;

        public void Dispose() => lanes.Leave(this);

        internal void Enter() => _entered.TrySetResult();
    }

    /// <summary>The mail server of all sites that have none of their own, as a lane of which nothing is to be claimed.</summary>
    public const string Ours = "@";

    // What is late for the mail server of all. No lane that a claim could leave out: others go there meanwhile.
    private const string LateAtOurs = "late";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _underWay = [];
    private readonly HashSet<Place> _in = [];
    private readonly List<Place> _waiting = [];
    private string[] _full = [];

    /// <summary>Those in which nothing more can begin at present, as <see cref="EmailAttemptStore.ClaimAsync"/> knows them.</summary>
    public string[] Full
    {
        get
        {
            lock (_lock) return _full;
        }
    }

    public Place Ask(ClaimedEmail email)
    {
        var settings = sites.Of(email.Recipient.Site);
        var server = settings.MailServer is null ? "" : email.Recipient.Site;
        var takes = new List<(string, int)>();
        // Twice as many as there are connections: one is composed while another is sent. What is late, half of them.
        if (settings.MailServer is not null) takes.Add(($"{server}@", email.IsLate ? (settings.Email.Connections + 1) / 2 : 2 * settings.Email.Connections));
        else if (email.IsLate) takes.Add((LateAtOurs, (settings.Email.Connections + 1) / 2));
        if (settings.Email.ConnectionsPerDomain is { } most && email.Domain is { } domain) takes.Add(($"{server}@{domain}", most));
        var place = new Place(this, settings.MailServer is not null, takes);
        lock (_lock)
        {
            _waiting.Add(place);
            Admit();
        }
        return place;
    }

    private void Leave(Place place)
    {
        lock (_lock)
        {
            _waiting.Remove(place);
            if (!_in.Remove(place)) return;
            foreach (var (lane, _) in place.Takes)
                if (--_underWay[lane] == 0) _underWay.Remove(lane);
            Admit();
        }
    }

    /// <summary>In the order in which they came, save where a lane has no room.</summary>
    private void Admit()
    {
        foreach (var place in _waiting.ToArray())
        {
            if (!place.Takes.All(HasRoom)) continue;
            foreach (var (lane, _) in place.Takes) _underWay[lane] = _underWay.GetValueOrDefault(lane) + 1;
            _waiting.Remove(place);
            _in.Add(place);
            place.Enter();
        }
        _full = [.. _in.Concat(_waiting).SelectMany(p => p.Takes).Where(t => t.Lane != LateAtOurs && !HasRoom(t)).Select(t => t.Lane).Distinct()];
    }

    private bool HasRoom((string Lane, int Most) take) => _underWay.GetValueOrDefault(take.Lane) < take.Most;
}
