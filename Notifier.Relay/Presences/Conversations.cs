using Notifier.Domain;

namespace Notifier.Relay.Presences;

/// <summary>
/// Who shares a recent conversation with whom, learned from what is published: they may see each other's presence, typing and ticks, and nobody else may. The
/// conversations least recently written in are forgotten. In the lane.
/// </summary>
internal sealed class Conversations
{
    /// <summary>In larger ones, who comes and goes is nobody's concern.</summary>
    private const int MostMembers = 200;

    private const int MostConversations = 10_000, MostOfOnePerson = 50;

    private readonly Dictionary<(string Site, string Id), LinkedListNode<Conversation>> _byId = [];
    private readonly LinkedList<Conversation> _byAge = new();
    private readonly Dictionary<RecipientKey, List<Conversation>> _byMember = [];

    /// <returns>Whether there is somebody in it who was not before.</returns>
    public bool Learn(string site, string id, string writer, IReadOnlyList<string> others)
    {
        if (!_byId.TryGetValue((site, id), out var node))
        {
            if (_byAge.Count >= MostConversations) Forget(_byAge.Last!);
            node = _byAge.AddFirst(new Conversation(site, id));
            _byId[(site, id)] = node;
        }
        else if (node != _byAge.First)
        {
            _byAge.Remove(node);
            _byAge.AddFirst(node);
        }

        var conversation = node.Value;
        var before = conversation.Members.Count;
        if (Join(conversation, writer)) conversation.Writers.Add(writer);
        for (var i = 0; i < others.Count && i < MostMembers; i++) Join(conversation, others[i]);
        return conversation.Members.Count > before;
    }

    /// <summary>The members besides one of them; nobody, where that one is not known as a member.</summary>
    public string[] Others(string site, string id, string member) => Others(site, id, member, c => c.Members);

    /// <summary>… who have written in it.</summary>
    public string[] Writers(string site, string id, string member) => Others(site, id, member, c => c.Writers);

    public HashSet<RecipientKey> Acquaintances(RecipientKey person)
    {
        var known = new HashSet<RecipientKey>();
        foreach (var conversation in _byMember.GetValueOrDefault(person) ?? [])
            foreach (var member in conversation.Members)
                if (member != person.Recipient) known.Add(new RecipientKey(person.Site, member));
        return known;
    }

    private string[] Others(string site, string id, string member, Func<Conversation, HashSet<string>> which) =>
        _byId.TryGetValue((site, id), out var node) && node.Value.Members.Contains(member) ? [.. which(node.Value).Where(other => other != member)] : [];

    /// <summary>A member's conversations are in the order of their newest messages: of too many, the one that was silent for longest is forgotten.</summary>
    /// <returns>False: there are too many in it.</returns>
    private bool Join(Conversation conversation, string member)
    {
        if (!conversation.Members.Contains(member) && conversation.Members.Count >= MostMembers) return false;
        conversation.Members.Add(member);
        var key = new RecipientKey(conversation.Site, member);
        if (!_byMember.TryGetValue(key, out var theirs)) _byMember[key] = theirs = [];
        if (theirs.Count > 0 && theirs[^1] == conversation) return true;
        theirs.Remove(conversation);
        theirs.Add(conversation);
        if (theirs.Count > MostOfOnePerson) theirs.RemoveAt(0);
        return true;
    }

    private void Forget(LinkedListNode<Conversation> node)
    {
        _byAge.Remove(node);
        _byId.Remove((node.Value.Site, node.Value.Id));
        foreach (var member in node.Value.Members)
        {
            var key = new RecipientKey(node.Value.Site, member);
            if (_byMember.TryGetValue(key, out var theirs) && theirs.Remove(node.Value) && theirs.Count == 0) _byMember.Remove(key);
        }
    }

    private sealed record Conversation(string Site, string Id)
    {
        public HashSet<string> Members { get; } = [];

        public HashSet<string> Writers { get; } = [];

        public bool Equals(Conversation? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
    }
}
