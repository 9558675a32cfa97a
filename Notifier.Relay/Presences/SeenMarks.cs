using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Presences;

/// <summary>What people have looked at. The client repeats a mark until it hears that it is kept.</summary>
internal sealed class SeenMarks(Reports reports)
{
    public void Keep(RecipientKey person, Connection connection, string conversation, long seq, string cid, DateTimeOffset at)
    {
        var id = $"seen:{Facts.Digest(person.Recipient, connection.Device ?? "", cid, conversation, $"{seq}")}";
        reports.Add(Facts.Seen(person, id, conversation, seq, connection.Device, at, () => connection.Send(RelayFrames.Ok(cid))));
    }
}
