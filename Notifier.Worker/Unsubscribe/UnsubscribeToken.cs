using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Notifier.Worker.Unsubscribe;

/// <summary>What an unsubscribe link says: who no longer wants email.</summary>
/// <param name="Conversation">About this conversation only; null is about all of the site.</param>
public sealed record UnsubscribeClaim(string Site, string Recipient, string? Conversation);

/// <summary>
/// Makes and reads the token of an unsubscribe link: base64url of the claim and an HMAC-SHA-256 over it. It does not expire, since mail
/// does not, and it is good for one thing only.
/// </summary>
public sealed class UnsubscribeToken(IOptions<LinksOptions> options)
{
    private const int MostCharacters = 4096;

    // Keeps anything else that is ever signed with this key from being taken for a token.
    private static readonly byte[] Purpose = "notifier unsubscribe 1\n"u8.ToArray();

    // The first signs; any of them is believed.
    private readonly byte[][] _keys = [.. options.Value.OldSigningKeys.Prepend(options.Value.SigningKey!).Select(Encoding.UTF8.GetBytes)];

    /// <returns>Characters that need no escaping in a URL's path.</returns>
    public string Create(UnsubscribeClaim claim)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes<string?[]>([claim.Site, claim.Recipient, claim.Conversation]);
        return Base64Url.EncodeToString([.. body, .. Sign(_keys[0], body)]);
    }

    /// <returns>False for whatever <see cref="Create"/> did not make with this key or an old one.</returns>
    public bool TryRead(string? token, [NotNullWhen(true)] out UnsubscribeClaim? claim)
    {
        claim = null;
        if (token is null || token.Length > MostCharacters || !Base64Url.IsValid(token))
            return false;
        var bytes = Base64Url.DecodeFromChars(token);
        // The last character can carry bits that mean nothing, and white space is skipped: one claim has one spelling.
        if (bytes.Length <= HMACSHA256.HashSizeInBytes || Base64Url.EncodeToString(bytes) != token)
            return false;
        var body = bytes.AsSpan(..^HMACSHA256.HashSizeInBytes);
        var signed = false;
        foreach (var key in _keys) signed |= CryptographicOperations.FixedTimeEquals(Sign(key, body), bytes.AsSpan(body.Length));
        if (!signed) return false;
        if (JsonSerializer.Deserialize<string?[]>(body) is not [{ } site, { } recipient, var conversation])
            return false;
        claim = new UnsubscribeClaim(site, recipient, conversation);
        return true;
    }

    private static byte[] Sign(byte[] key, ReadOnlySpan<byte> body) => HMACSHA256.HashData(key, (byte[])[.. Purpose, .. body]);
}
