using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Notifier.Relay.Connections;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Fanout;

/// <summary>How a client that comes back stands.</summary>
internal enum Recovery
{
    /// <summary>It has nothing to go on from.</summary>
    None,

    /// <summary>What it missed is all there.</summary>
    Full,

    /// <summary>Something may be missing: it has to ask the site.</summary>
    Gap,
}

/// <summary>The newest events of this node in order, for who resumes. Only the lane touches it.</summary>
internal sealed class EventLog(IOptions<RelayOptions> options, Ticker ticker)
{
    private readonly Queue<Publication> _events = new();
    private readonly RelayOptions _options = options.Value;
    private long _bytes;

    /// <summary>Offsets mean something within it only; each process has its own, which is also the node's name.</summary>
    public string Epoch { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>The newest offset.</summary>
    public long Top { get; private set; }

    public void Append(Publication publication)
    {
        publication.Offset = ++Top;
        publication.Event = Render(Top, publication.Message.Tail);
        _events.Enqueue(publication);
        _bytes += publication.Event.Bytes.Length;
        Trim();
    }

    /// <summary>What a person has missed after an offset.</summary>
    /// <returns>Null: the log does not reach back that far, or the offset is not of this epoch.</returns>
    public List<(Publication Publication, int Place)>? Missed(string epoch, long after, string site, string recipient)
    {
        Trim();
        var lowest = _events.TryPeek(out var oldest) ? oldest.Offset : Top + 1;
        if (epoch != Epoch || after > Top || after < lowest - 1) return null;
        var missed = new List<(Publication, int)>();
        foreach (var publication in _events)
            if (publication.Offset > after && publication.Message.Site == site && publication.PlaceOf(recipient) is >= 0 and var place) missed.Add((publication, place));
        return missed;
    }

    /// <summary>Lets go of what is over one of the bounds.</summary>
    public void Trim()
    {
        var since = ticker.Now - (long)_options.RetainFor.TotalMilliseconds;
        while (_events.TryPeek(out var oldest) && (oldest.At < since || _events.Count > _options.RetainEvents || _bytes > _options.RetainBytes))
        {
            _events.Dequeue();
            _bytes -= oldest.Event.Bytes.Length;
        }
    }

    private static Frame Render(long offset, ReadOnlySpan<byte> tail)
    {
        Span<byte> head = stackalloc byte[40];
        """{"t":"ev","o":"""u8.CopyTo(head);
        Utf8Formatter.TryFormat(offset, head[14..], out var digits);
        head[14 + digits] = (byte)',';
        var length = 15 + digits;
        var frame = Frame.Text(length + tail.Length - 1, out var payload);
        head[..length].CopyTo(payload);
        tail[1..].CopyTo(payload[length..]); // without its opening brace
        return frame;
    }
}
