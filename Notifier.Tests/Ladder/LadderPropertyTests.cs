using CsCheck;
using Notifier.Domain;

namespace Notifier.Tests.Ladder;

/// <summary>What holds in every world. The simulation itself holds that each wait ends strictly after now, so that no timer rings in vain for ever.</summary>
public sealed class LadderPropertyTests
{
    private const int Worlds = 2_500;

    /// <summary>
    /// The longest that a message may stay open: seven days of quiet hours in a row (or eight behind ones without end), the day of a cap or of a step of the
    /// email ladder for each of the few emails that go before it.
    /// </summary>
    private static readonly TimeSpan Bound = TimeSpan.FromDays(16);

    [Fact]
    public void Nothing_wrong_is_sent() => Universes.All.Sample(
        universe => Assert.Empty(Oracle.Wrongs(universe.Run())), iter: Worlds);

    [Fact]
    public void Nobody_is_forgotten() => Universes.All.Sample(universe =>
    {
        var world = universe.Run();
        foreach (var message in world.Learned.OfType<RelayEvent.MessageOutcome>().Select(e => e.Message).DistinctBy(m => m.Id))
            foreach (var channel in Enum.GetValues<Channel>())
            {
                var end = world.Trace.Last(d => d.Message.Id == message.Id && d.Channel == channel);
                Assert.True(Ends(world, end), $"{message.Id} ended on {channel} as {end.Ruling} at {end.At:O}");
                var arrived = universe.Arrivals.Last(a => a.Event is RelayEvent.MessageOutcome e && e.Message.Id == message.Id).At;
                Assert.True(end.At <= arrived + Bound, $"{message.Id} ended on {channel} only at {end.At:O}");
            }
    }, iter: Worlds);

    [Fact]
    public void A_reachable_person_is_told_of_all_that_stays_unseen() => Universes.Plain.Sample(universe =>
    {
        var world = universe.Run();
        foreach (var arrival in universe.Arrivals.DistinctBy(a => (a.Event as RelayEvent.MessageOutcome)?.Message.Id))
        {
            if (arrival.Event is not RelayEvent.MessageOutcome { Message: var message } || message.SenderId == Happening.Person || message.ExpiresAt is not null) continue;
            Assert.Equal(Verdict.Told, world.LastOn(Channel.Push, message.Id)?.Verdict);
            Assert.InRange(world.Told.Single(t => t.Channel == Channel.Push && t.Messages.Any(m => m.Id == message.Id)).At, message.SentAt, arrival.At.AddSeconds(60));
            Assert.True(world.LastOn(Channel.Email, message.Id) is { Verdict: Verdict.Told } or { Reason: Reason.Throttled or Reason.Stale });
        }
        foreach (var conversation in universe.Arrivals.Select(a => a.Event).OfType<RelayEvent.MessageOutcome>().GroupBy(e => e.Message.Conversation))
            if (conversation.All(e => e.Message.SenderId != Happening.Person && e.Message.ExpiresAt is null))
                Assert.True(world.Times(Channel.Email, conversation.Key).First() <= conversation.Min(e => e.Message.SentAt).AddMinutes(60 + 5) + TimeSpan.FromSeconds(1_200 + 400));
    }, iter: Worlds / 2);

    [Fact]
    public void The_whole_log_replayed_tells_nothing_new() => Universes.All.Sample(universe =>
    {
        var world = universe.Run();
        var told = world.Told.Count;
        foreach (var happening in world.Learned.ToList()) world.Happens(happening);
        Assert.Equal(told, world.ToTheEnd().Told.Count);
    }, iter: Worlds / 4);

    private static bool Ends(Simulation world, Decided end) => end.Ruling switch
    {
        { Verdict: Verdict.Told } => true,
        { Verdict: Verdict.Skip, Reason: Reason.Throttled } => world.Times(Channel.Email, end.Conversation).Count() > world.Policy.EmailLadder.Count,
        { Verdict: Verdict.Skip or Verdict.Expire, Reason: var reason } => Oracle.Excuses(world, reason, end.Channel, end.Conversation, end.Message, end.Person, end.Known, end.At),
        _ => false,
    };
}
