using Notifier.Faults.Stage;

namespace Notifier.Faults.Driving;

/// <summary>Some people have a tab open, where there are relays; all are closed at once.</summary>
internal sealed class Tabs(Cast cast, IReadOnlyList<PlannedPerson> persons) : IAsyncDisposable
{
    private readonly Tab[] _open = cast.Relays.Count == 0 ? [] : [.. persons.Where((_, i) => i % 5 < 2).Select((person, i) => new Tab(person.Id, [.. cast.Relays.Select(r => r.Address)], i))];

    public async ValueTask DisposeAsync()
    {
        foreach (var tab in _open) await tab.DisposeAsync();
    }
}
