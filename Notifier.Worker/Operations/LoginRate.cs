using System.Collections.Concurrent;
using System.Net;

namespace Notifier.Worker.Operations;

/// <summary>
/// How often one address may be wrong about the admin's password: ten times, then once every ten seconds. The right password takes nothing from that; but while an
/// address has to wait, nothing it says is looked at.
/// </summary>
internal sealed class LoginRate(TimeProvider clock)
{
    public const int Wrong = 10;

    public static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    /// <summary>More addresses than this are not kept: those that may be forgotten go, and if none may, the newest are not let in.</summary>
    private const int MostAddresses = 10_000;

    /// <summary>By address, when all its mistakes are forgiven: each moves that on by <see cref="Every"/>.</summary>
    private readonly ConcurrentDictionary<IPAddress, DateTimeOffset> _forgiven = new();

    /// <returns>How long nothing is looked at; null: now it is.</returns>
    public TimeSpan? Wait(IPAddress? address)
    {
        var wait = _forgiven.GetValueOrDefault(ClientNetwork.Of(address)) - clock.GetUtcNow() - (Wrong - 1) * Every;
        return wait > TimeSpan.Zero ? wait : null;
    }

    /// <summary>Counts before the password is looked at, so that attempts beside each other count too.</summary>
    /// <returns>Whether it may be looked at.</returns>
    public bool Take(IPAddress? address)
    {
        var now = clock.GetUtcNow();
        if (_forgiven.Count >= MostAddresses)
            foreach (var (old, at) in _forgiven)
                if (at <= now) _forgiven.TryRemove(KeyValuePair.Create(old, at));
        var network = ClientNetwork.Of(address);
        if (_forgiven.Count >= MostAddresses && !_forgiven.ContainsKey(network)) return false;
        return _forgiven.AddOrUpdate(network, now + Every, (_, at) => (at > now ? at : now) + Every) <= now + Wrong * Every;
    }

    public void WasRight(IPAddress? address) => _forgiven.AddOrUpdate(ClientNetwork.Of(address), clock.GetUtcNow(), (_, at) => at - Every);
}
