using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>One token per push service and key, signed anew at half of its life: signing every message would be most of its cost, and Apple forbids more than one an hour.</summary>
internal sealed class VapidTokens(IOptions<WebPushOptions> options, TimeProvider clock)
{
    private readonly Lazy<VapidKeyring> _keys = new(() => new VapidKeyring(options.Value));
    private readonly ConcurrentDictionary<(string Origin, string Key, string Subject), (string Authorization, DateTimeOffset SignedAt)> _tokens = new();
    private readonly Lock _signing = new();

    /// <summary>Below <c>*.notify.windows.com</c> anybody can make up hosts, and each would stay here for ever.</summary>
    internal const int MostKept = 1000;

    internal int Kept => _tokens.Count;

    /// <param name="publicKey">The key that the subscription was made with; null as in <see cref="VapidKeyring.Find"/>.</param>
    /// <returns>The Authorization header for this origin.</returns>
    public string For(string origin, string? publicKey = null) => For(origin, new VapidSigner(
        _keys.Value.Find(publicKey) ?? throw new InvalidOperationException("a subscription of a key that is not here"), options.Value.Subject!));

    /// <returns>The Authorization header for this origin.</returns>
    public string For(string origin, VapidSigner signer)
    {
        // Rows that are read anew make new objects of the same pair.
        var place = (origin, signer.Keys.PublicKey, signer.Subject);
        var now = clock.GetUtcNow();
        if (Find(place, now) is { } kept) return kept;
        lock (_signing)
        {
            if (Find(place, now) is { } justSigned) return justSigned; // whoever waited here takes what the first one signed
            if (_tokens.Count >= MostKept) _tokens.Clear();
            var signed = VapidToken.Authorization(signer.Keys, origin, signer.Subject, now);
            _tokens[place] = (signed, now);
            return signed;
        }
    }

    private string? Find((string, string, string) place, DateTimeOffset now) =>
        _tokens.TryGetValue(place, out var token) && now - token.SignedAt < VapidToken.Lifetime / 2 && now >= token.SignedAt ? token.Authorization : null;
}
