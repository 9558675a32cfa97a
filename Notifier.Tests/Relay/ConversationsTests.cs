using Notifier.Domain;
using Notifier.Relay.Presences;

namespace Notifier.Tests.Relay;

/// <summary>Who may see whose presence: who shares a recent conversation.</summary>
public sealed class ConversationsTests
{
    private readonly Conversations _conversations = new();

    private string[] Acquaintances(string who) => [.. _conversations.Acquaintances(new RecipientKey("acme", who)).Select(key => key.Recipient)];

    [Fact]
    public void Of_a_person_s_many_conversations_those_that_are_written_in_stay_and_the_longest_silent_goes()
    {
        for (var i = 0; i < 50; i++) _conversations.Learn("acme", $"c-{i}", "ada", [$"friend-{i}"]);
        _conversations.Learn("acme", "c-0", "friend-0", ["ada"]);
        _conversations.Learn("acme", "c-50", "ada", ["friend-50"]);

        Assert.Contains("friend-0", Acquaintances("ada"));
        Assert.DoesNotContain("friend-1", Acquaintances("ada"));
        _conversations.Learn("acme", "c-1", "ada", ["friend-1"]);
        Assert.Contains("friend-1", Acquaintances("ada"));
        Assert.Equal(50, Acquaintances("ada").Length);
    }

    [Fact]
    public void A_conversation_has_two_hundred_members_and_no_more_writers_than_that_however_many_write()
    {
        for (var i = 0; i < 1000; i++) _conversations.Learn("acme", "crowd", $"writer-{i}", ["ada"]);

        Assert.Equal(199, Acquaintances("ada").Length);
        Assert.Equal(199, _conversations.Writers("acme", "crowd", "ada").Length);
        Assert.Empty(_conversations.Others("acme", "crowd", "writer-999"));
    }
}
