using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>One token per push service, signed anew at half of its life: signing every message would be most of its cost, and Apple forbids more than one an hour.</summary>
internal sealed class VapidTokens(IOptions<WebPushOptions> options, TimeProvider clock)
{
    private readonly Lazy<VapidKeys> _keys = new(() => options.Value.Keys);
    private readonly ConcurrentDictionary<string, (string Authorization, DateTimeOffset SignedAt)> _tokens = new();

    /// <returns>The Authorization header for this origin.</returns>
    public string For(string origin)
    {
        var now = clock.GetUtcNow();
        if (_tokens.TryGetValue(origin, out var token) && now - token.SignedAt < VapidToken.Lifetime / 2 && now >= token.SignedAt) return token.Authorization;
        var signed = VapidToken.Authorization(_keys.Value, origin, options.Value.Subject!, now);
        _tokens[origin] = (signed, now);
        return signed;
    }
}
