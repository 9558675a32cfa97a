using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>One token per push service, signed anew at half of its life: signing every message would be most of its cost, and Apple forbids more than one an hour.</summary>
internal sealed class VapidTokens(IOptions<WebPushOptions> options, TimeProvider clock)
{
    private readonly Lazy<VapidKeys> _keys = new(() => options.Value.Keys);
    private readonly ConcurrentDictionary<string, (string Authorization, DateTimeOffset SignedAt)> _tokens = new();
    private readonly Lock _signing = new();

    /// <summary>Below <c>*.notify.windows.com</c> anybody can make up hosts, and each would stay here for ever.</summary>
    internal const int MostKept = 1000;

    internal int Kept => _tokens.Count;

    /// <returns>The Authorization header for this origin.</returns>
    public string For(string origin)
    {
        var now = clock.GetUtcNow();
        if (Find(origin, now) is { } kept) return kept;
        lock (_signing)
        {
            if (Find(origin, now) is { } justSigned) return justSigned; // whoever waited here takes what the first one signed
            if (_tokens.Count >= MostKept) _tokens.Clear();
            var signed = VapidToken.Authorization(_keys.Value, origin, options.Value.Subject!, now);
            _tokens[origin] = (signed, now);
            return signed;
        }
    }

    private string? Find(string origin, DateTimeOffset now) =>
        _tokens.TryGetValue(origin, out var token) && now - token.SignedAt < VapidToken.Lifetime / 2 && now >= token.SignedAt ? token.Authorization : null;
}
