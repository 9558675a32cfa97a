using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Notifier.Relay.Connections;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Fanout;

/// <summary>
/// The newest events in order, for who resumes: of this node, and of all others as far as they are accepted, also from before this one began. Only the lane
/// touches it. A place in it is an offset of this node; what was accepted up to there, which any node understands, goes with it.
/// </summary>
internal sealed class EventLog(IOptions<RelayOptions> options, Ticker ticker)
{
    /// <summary>A message older than this has its outcome: the worker's sweep decides after ten seconds.</summary>
    private const long UndecidedMilliseconds = 30_000;

    private readonly Queue<Publication> _events = new();
    private readonly List<Publication> _undecided = [];
    private readonly RelayOptions _options = options.Value;
    private readonly HashSet<long> _ahead = [];
    private long _bytes, _trimmed, _accepted;
    private long? _begin;
    private volatile Frame _ping = RelayFrames.Ping;

    /// <summary>Offsets mean something within it only; each process has its own, which is also the node's name.</summary>
    public string Epoch { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>The newest offset.</summary>
    public long Top { get; private set; }

    /// <summary>Every accept row up to this id, whichever node's, has been in the log. Any thread may read it.</summary>
    public long Accepted
    {
        get => Volatile.Read(ref _accepted);
        private set => Volatile.Write(ref _accepted, value);
    }

    /// <summary>A <c>ping</c> that says where the log stands; everything up to there has been given to the connections. Any thread may take it.</summary>
    public Frame Ping => _ping;

    private long Lowest => _events.TryPeek(out var oldest) ? oldest.Offset : Top + 1;

    public void Append(Publication publication)
    {
        publication.Offset = ++Top;
        publication.Event = Render(Top, Accepted, publication.Message.Tail);
        _events.Enqueue(publication);
        _bytes += publication.Event.Bytes.Length;
        Trim();
    }

    /// <summary>Whether it is in the log already, and still.</summary>
    public bool Holds(Publication publication) => publication.Offset > 0 && publication.Offset >= Lowest;

    /// <summary>Whether an accept row has been in the log.</summary>
    public bool Knows(long row) => row <= Accepted || _ahead.Contains(row);

    /// <summary>Everything accepted up to an id is in the log.</summary>
    public void Reach(long accepted)
    {
        if (accepted <= Accepted) return;
        Accepted = accepted;
        _ahead.RemoveWhere(row => row <= accepted);
        Follow();
    }

    /// <summary>This one is in the log; with it everything up to it, if no other lies between.</summary>
    public void Know(long row)
    {
        if (row > Accepted + 1) _ahead.Add(row);
        if (row != Accepted + 1) return;
        Accepted = row;
        Follow();
    }

    private void Follow()
    {
        while (_ahead.Remove(Accepted + 1)) Accepted++;
    }

    /// <summary>Everything accepted after an id is in the log from now on.</summary>
    public void Begin(long after) => _begin = after;

    /// <summary>With each tick, between two steps of the lane.</summary>
    public void Mark() => _ping = RelayFrames.PingAt(Top, Accepted);

    /// <summary>What a person has missed after a position, where that can be proven.</summary>
    public Missed Missed(Position? position, string site, string recipient)
    {
        if (position is not { } from) return new Missed(Recovery.None, new Position(Epoch, Top, Accepted), [], []);
        Trim();
        var ours = from.Epoch == Epoch;
        var byOffset = ours && from.Offset <= Top && from.Offset >= Lowest - 1;
        var events = new List<(Publication, int)>();
        var had = new List<(Publication, int)>();
        if (!byOffset && !((!ours || from.Offset <= Top) && IsWholeAfter(from.Accepted))) return Gap();
        foreach (var publication in _events)
        {
            if (publication.Message.Site != site || publication.PlaceOf(recipient) is not (>= 0 and var place)) continue;
            var row = publication.Admission.Row;
            if (ours && publication.Offset <= from.Offset) continue;
            if (byOffset || row == 0 || row > from.Accepted) events.Add((publication, place));
            else if (publication.At > ticker.Now - UndecidedMilliseconds) had.Add((publication, place));
        }
        if (events.Count > _options.ResumeEvents) return Gap();
        var offset = ours ? from.Offset : events.Count > 0 ? events[0].Item1.Offset - 1 : Top;
        return new Missed(Recovery.Full, new Position(Epoch, offset, Math.Min(from.Accepted ?? 0, Accepted)), events, had);

        Missed Gap() => new(Recovery.Gap, new Position(Epoch, Top, Accepted), [], []);
    }

    /// <summary>Lets go of what is over one of the bounds.</summary>
    private void Trim()
    {
        var since = ticker.Now - (long)_options.RetainFor.TotalMilliseconds;
        while (_events.TryPeek(out var oldest) && (oldest.At < since || _events.Count > _options.RetainEvents || _bytes > _options.RetainBytes))
        {
            _events.Dequeue();
            _bytes -= oldest.Event.Bytes.Length;
            // What is not accepted, and not about to be, comes again (Switchboard) if it ever is.
            if (oldest.Admission.IsUndecided) _undecided.Add(oldest);
            else _trimmed = Math.Max(_trimmed, oldest.Admission.Row);
        }
    }

    /// <summary>Whether all that was accepted after an id is here.</summary>
    private bool IsWholeAfter(long? accepted)
    {
        _undecided.RemoveAll(publication =>
        {
            if (publication.Admission.IsUndecided) return false;
            _trimmed = Math.Max(_trimmed, publication.Admission.Row);
            return true;
        });
        return _undecided.Count == 0 && accepted >= _begin && accepted >= _trimmed;
    }

    private static Frame Render(long offset, long accepted, ReadOnlySpan<byte> tail)
    {
        Span<byte> head = stackalloc byte[64];
        """{"t":"ev","o":"""u8.CopyTo(head);
        Utf8Formatter.TryFormat(offset, head[14..], out var digits);
        var length = 14 + digits;
        ""","x":"""u8.CopyTo(head[length..]);
        length += 5;
        Utf8Formatter.TryFormat(accepted, head[length..], out digits);
        length += digits;
        head[length++] = (byte)',';
        var frame = Frame.Text(length + tail.Length - 1, out var payload);
        head[..length].CopyTo(payload);
        tail[1..].CopyTo(payload[length..]); // without its opening brace
        return frame;
    }
}
