using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Notifier.Domain;

namespace Notifier.Worker.Devices;

/// <summary>
/// Reads connect tokens: the JWT that a site gives a browser for the relay. <c>iss</c> is the site, <c>sub</c> the person, <c>aud</c> is <c>relay</c>, HS256 and
/// nothing else (RFC 8725 section 3.1), and good for ten minutes at most.
/// </summary>
internal sealed class ConnectTokens(IOptions<ConnectOptions> options, TimeProvider clock)
{
    private const string Audience = "relay";
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Clocks differ.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);

    private readonly JsonWebTokenHandler _tokens = new() { MaximumTokenSizeInBytes = 4096 };

    private readonly TokenValidationParameters? _parameters = options.Value.SigningKey is not { } key ? null : new TokenValidationParameters
    {
        ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
        IssuerSigningKey = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(key)),
        ValidAudience = Audience,
        ValidateIssuer = false, // every site is one; who asks compares it with the path
        ValidateLifetime = false, // by our clock, below
    };

    /// <returns>Whose token it is; or null, and why it is refused.</returns>
    public async Task<(RecipientKey? Owner, string? Refusal)> ReadAsync(string token)
    {
        if (_parameters is null) return (null, "Connect tokens are not taken here: Connect__SigningKey is not set.");
        var result = await _tokens.ValidateTokenAsync(token, _parameters);
        if (result.SecurityToken is not JsonWebToken jwt || !result.IsValid)
            return (null, result.Exception is SecurityTokenInvalidAudienceException ? "The connect token's aud is not relay." : "The connect token is not signed by the site (HS256).");
        if (string.IsNullOrEmpty(jwt.Issuer) || string.IsNullOrEmpty(jwt.Subject)) return (null, "The connect token needs iss, the site, and sub, the recipient.");
        return Lifetime(jwt) is { } wrong ? (null, wrong) : (new RecipientKey(jwt.Issuer, jwt.Subject), null);
    }

    private string? Lifetime(JsonWebToken jwt)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        if (jwt.ValidTo == DateTime.MinValue) return "The connect token needs exp.";
        if (jwt.ValidTo + Leeway <= now) return "The connect token has expired.";
        if (jwt.ValidFrom > now + Leeway || jwt.IssuedAt > now + Leeway) return "The connect token is not valid yet.";
        return jwt.ValidTo - now > Longest + Leeway || (jwt.IssuedAt != DateTime.MinValue && jwt.ValidTo - jwt.IssuedAt > Longest)
            ? "The connect token is good for more than ten minutes." : null;
    }
}
