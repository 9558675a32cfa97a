using Notifier.Domain;

namespace Notifier.Tests.Ladder;

/// <summary>Something that reaches the worker: an event, or the person as the site changed them.</summary>
internal sealed record Arrival(DateTimeOffset At, RelayEvent? Event, RecipientState? Person = null);

/// <summary>A small world to run: one person, up to three conversations, what happens in them and how late the worker hears of it.</summary>
internal sealed record Universe(RecipientState Person, EscalationPolicy Policy, TimeSpan MailTakes, IReadOnlyList<Arrival> Arrivals)
{
    public Simulation Run()
    {
        var world = new Simulation(Person, Policy) { MailTakes = MailTakes };
        foreach (var arrival in Arrivals)
        {
            world.Until(arrival.At);
            if (arrival.Event is { } happening) world.Happens(happening);
            if (arrival.Person is { } person)
                world.Changes(p => p with { SiteEnabled = person.SiteEnabled, Profile = person.Profile, HasPushSubscription = person.HasPushSubscription });
        }
        return world.ToTheEnd();
    }

    /// <summary>For the report of a failure.</summary>
    public override string ToString() => string.Join('\n',
        Arrivals.Select(a => $"{a.At:MM-dd HH:mm:ss} {a.Event?.ToString() ?? a.Person?.ToString()}").Prepend($"{Person}, mail takes {MailTakes}"));
}
