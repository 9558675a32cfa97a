using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Notifier.Domain;

namespace Notifier.Relay.Fanout;

/// <summary>Who is connected here, or was until a moment ago.</summary>
internal sealed class People
{
    private readonly ConcurrentDictionary<RecipientKey, Person> _all = new();

    public int Count => _all.Count;

    public IEnumerable<Person> All => _all.Values;

    public bool TryGet(RecipientKey key, [NotNullWhen(true)] out Person? person) => _all.TryGetValue(key, out person);

    public Person Get(RecipientKey key) => _all.GetOrAdd(key, static k => new Person(k));

    public void Forget(Person person) => _all.TryRemove(KeyValuePair.Create(person.Key, person));
}
