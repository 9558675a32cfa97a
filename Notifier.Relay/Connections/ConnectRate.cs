using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Options;

namespace Notifier.Relay.Connections;

/// <summary>How fast one address may connect.</summary>
internal sealed class ConnectRate
{
    private readonly ConcurrentDictionary<IPAddress, Bucket> _addresses = new();
    private readonly RelayOptions _options;
    private readonly Ticker _ticker;
    private long _cleared;

    public ConnectRate(IOptions<RelayOptions> options, Ticker ticker)
    {
        (_options, _ticker) = (options.Value, ticker);
        ticker.Ticked += Clear;
    }

    public bool Take(IPAddress? address)
    {
        var bucket = _addresses.GetOrAdd(ClientNetwork.Of(address), static (_, rate) => new Bucket(rate._options.ConnectsPerSecond, rate._ticker.Now), this);
        lock (bucket) return bucket.Take(_ticker.Now);
    }

    /// <summary>An address that has been away for a second has its whole allowance again.</summary>
    private void Clear(long now)
    {
        if (now - _cleared < 10_000) return;
        _cleared = now;
        foreach (var (address, bucket) in _addresses)
            if (now - bucket.LastTaken > 2_000) _addresses.TryRemove(KeyValuePair.Create(address, bucket));
    }

    private sealed class Bucket(int perSecond, long now)
    {
        private TokenBucket _tokens = new(perSecond, perSecond, now);

        public long LastTaken { get; private set; } = now;

        public bool Take(long now)
        {
            LastTaken = now;
            return _tokens.Take(now);
        }
    }
}
