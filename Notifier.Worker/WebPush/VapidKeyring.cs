using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>
/// The key pairs that push messages are signed with. A browser's subscription is bound to the key it was made with (RFC 8292 §4), so after a rotation the previous pair
/// goes on signing for those that have not subscribed anew.
/// </summary>
internal sealed class VapidKeyring
{
    private readonly VapidKeys[] _keys;

    /// <param name="options">Valid ones.</param>
    /// <param name="older">Whose pairs sign too, for subscriptions that are older than those of <paramref name="options"/>; null: nobody's.</param>
    public VapidKeyring(WebPushOptions options, WebPushOptions? older = null) => _keys = [.. Pairs(options).Concat(older is null ? [] : Pairs(older)).DistinctBy(k => k.PublicKey)];

    private static IEnumerable<VapidKeys> Pairs(WebPushOptions options) => !options.IsOn ? []
        : string.IsNullOrEmpty(options.PreviousPublicKey) ? [options.Keys] : [options.Keys, VapidKeys.TryParse(options.PreviousPublicKey, options.PreviousPrivateKey!, out _)!];

    /// <summary>The one that browsers subscribe with now; null where push is off.</summary>
    public VapidKeys? Current => _keys is [var current, ..] ? current : null;

    public IReadOnlyList<VapidKeys> All => _keys;

    /// <param name="publicKey">What a subscription was made with; null: it was registered before that was kept, so with the oldest there is.</param>
    /// <returns>Null: it is not here any more.</returns>
    public VapidKeys? Find(string? publicKey) => publicKey is null ? _keys.LastOrDefault() : Array.Find(_keys, k => k.PublicKey == publicKey);
}
