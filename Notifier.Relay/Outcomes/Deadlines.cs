using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Outcomes;

/// <summary>
/// The acknowledgements that are overdue. A message passes up to four moments: ask again who has a visible tab, ask again everybody else, give up on the first,
/// give up on all. Each has the same delay for every message, so each is a queue in order of time.
/// </summary>
internal sealed class Deadlines
{
    private readonly ConcurrentQueue<Publication> _new = new();
    private readonly Queue<(long At, Publication Publication)>[] _stages = [new(), new(), new(), new()];
    private readonly ConcurrentQueue<(long At, Action Over)> _graces = new();
    private readonly long[] _delays;
    private readonly People _people;
    private readonly OutcomeJournal _outcomes;
    private readonly long _grace;

    public Deadlines(IOptions<RelayOptions> options, Ticker ticker, People people, OutcomeJournal outcomes)
    {
        (_people, _outcomes) = (people, outcomes);
        var o = options.Value;
        _delays = [(long)o.AckVisible.TotalMilliseconds, (long)o.AckHidden.TotalMilliseconds,
            (long)(o.AckVisible + o.AckProbe).TotalMilliseconds, (long)(o.AckHidden + o.AckProbe).TotalMilliseconds];
        _grace = (long)o.Grace.TotalMilliseconds;
        Now = ticker;
        ticker.Ticked += Tick;
    }

    private Ticker Now { get; }

    public void Watch(Publication publication)
    {
        if (publication.IsOpen) _new.Enqueue(publication);
    }

    public void WatchGrace(Person person, Action over) => _graces.Enqueue((person.GraceUntil, over));

    private void Tick(long now)
    {
        while (_new.TryDequeue(out var publication))
            for (var stage = 0; stage < _stages.Length; stage++) _stages[stage].Enqueue((publication.At + _delays[stage], publication));
        for (var stage = 0; stage < _stages.Length; stage++)
            while (_stages[stage].TryPeek(out var next) && next.At <= now)
            {
                _stages[stage].Dequeue();
                if (next.Publication.IsOpen) Look(next.Publication, stage, now);
            }
        while (_graces.TryPeek(out var grace) && grace.At <= now && _graces.TryDequeue(out grace)) grace.Over();
    }

    private void Look(Publication publication, int stage, long now)
    {
        for (var place = 0; place < publication.Message.To.Length; place++)
        {
            // Asked already, or never asked: then there is nothing to do, and nobody to look up.
            if (!publication.IsPending(place) || (stage < 3 && publication.WasProbed(place) != (stage == 2))) continue;
            _people.TryGet(new RecipientKey(publication.Message.Site, publication.Message.To[place]), out var person);
            var here = person is { Connections.Length: > 0 };
            switch (stage)
            {
                case 0 when here && person!.IsVisible:
                case 1 when here:
                    if (publication.Probe(place))
                        foreach (var connection in person!.Connections) connection.Ping(now);
                    break;
                case 2 when here && person!.IsVisible:
                    _outcomes.Undelivered(publication, place, UndeliveredReason.AckTimeout, person);
                    break;
                case 3:
                    // Who is between two connections has until the grace is over.
                    if (here || person is null || now - publication.At >= _grace) _outcomes.Undelivered(publication, place, here ? UndeliveredReason.AckTimeout : UndeliveredReason.Gone, person);
                    break;
            }
        }
    }
}
