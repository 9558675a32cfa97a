using System.Text;
using Microsoft.Extensions.Options;
using Notifier.Domain;

namespace Notifier.Worker.Devices;

/// <summary>Reads connect tokens: the JWT that a site gives a browser for the relay.</summary>
internal sealed class ConnectTokens(IOptions<ConnectOptions> options, TimeProvider clock)
{
    private readonly byte[]? _key = options.Value.SigningKey is { } key ? Encoding.UTF8.GetBytes(key) : null;

    /// <returns>Whose token it is; or null, and why it is refused.</returns>
    public (RecipientKey? Owner, string? Refusal) Read(string token)
    {
        if (_key is null) return (null, "Connect tokens are not taken here: Connect__SigningKey is not set.");
        return ConnectToken.Read(token, _key, clock.GetUtcNow(), out var fault) is { } read ? (read.Owner, null) : (null, ConnectToken.Describe(fault));
    }
}
