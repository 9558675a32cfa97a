using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Worker.Unsubscribe;

namespace Notifier.Worker.Email;

/// <summary>
/// Variable envelope return paths: each email has an envelope sender of its own, <c>bounces+TOKEN@acme.example</c>, so that a bounce says which email it is about
/// however mangled it comes back. The token is the email's id, two bytes that stand for the address it went to, and a signature; in base32, as the case of a
/// local part does not always survive.
/// </summary>
internal sealed class ReturnPath(IOptions<EmailOptions> email, IOptions<LinksOptions> links)
{
    /// <summary>The characters of a token, and the + before it.</summary>
    public const int Added = 1 + (((16 + AddressBytes + SignatureBytes) * 8 + 4) / 5);

    private const int AddressBytes = 2, SignatureBytes = 7;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567"; // RFC 4648 section 6, in lower case

    // Keeps what else is signed with this key from being taken for a token.
    private static readonly byte[] Purpose = "notifier return path 1\n"u8.ToArray();

    // The first signs; any of them is believed, since a bounce may come days after its email.
    private readonly byte[][] _keys = [.. links.Value.OldSigningKeys.Prepend(links.Value.SigningKey!).Select(Encoding.UTF8.GetBytes)];

    /// <summary>Whether each email has one of its own.</summary>
    public bool IsOfEach => email.Value.BounceAddress is not null;

    /// <summary>The envelope sender of an email: the bounce address with its token, or the sender's own address where none is set.</summary>
    /// <param name="attempt">The email's id.</param>
    /// <param name="recipient">The address it goes to.</param>
    /// <param name="sender">The site's; null: that of the settings.</param>
    public MailboxAddress For(Guid attempt, string recipient, MailboxAddress? sender = null) => email.Value.BounceAddress is { } address && address.Split('@') is [var local, var domain]
        ? new MailboxAddress("", $"{local}+{Token(attempt, recipient)}@{domain}")
        : sender ?? email.Value.Sender;

    /// <param name="address">Any address.</param>
    /// <param name="attempt">Of which email it is the return path.</param>
    /// <param name="addressTag">To be held against <see cref="IsOf"/>.</param>
    /// <returns>False for whatever <see cref="For"/> did not make with this key or an old one.</returns>
    public bool TryRead(string address, out Guid attempt, [NotNullWhen(true)] out byte[]? addressTag)
    {
        (attempt, addressTag) = (default, null);
        if (email.Value.BounceAddress?.Split('@') is not [var local, var domain]) return false;
        var (start, end) = ($"{local}+", $"@{domain}");
        if (!address.StartsWith(start, StringComparison.OrdinalIgnoreCase) || !address.EndsWith(end, StringComparison.OrdinalIgnoreCase)
            || address.Length != start.Length + Added - 1 + end.Length || Decode(address.AsSpan(start.Length, Added - 1)) is not { } bytes)
            return false;
        var body = bytes.AsSpan(..^SignatureBytes);
        var signed = false;
        foreach (var key in _keys) signed |= CryptographicOperations.FixedTimeEquals(Sign(key, body), bytes.AsSpan(body.Length));
        if (!signed) return false;
        (attempt, addressTag) = (new Guid(body[..16], bigEndian: true), body[16..].ToArray());
        return true;
    }

    /// <summary>Whether an email whose return path had this tag went to this address: the person may have another by now.</summary>
    public bool IsOf(byte[] addressTag, string recipient) => Array.Exists(_keys, key => Tag(key, recipient).AsSpan().SequenceEqual(addressTag));

    private string Token(Guid attempt, string recipient)
    {
        byte[] body = [.. attempt.ToByteArray(bigEndian: true), .. Tag(_keys[0], recipient)];
        return Encode([.. body, .. Sign(_keys[0], body)]);
    }

    private static byte[] Tag(byte[] key, string recipient) => HMACSHA256.HashData(key, (byte[])[.. Purpose, (byte)'a', .. Encoding.UTF8.GetBytes(recipient.ToLowerInvariant())])[..AddressBytes];

    private static byte[] Sign(byte[] key, ReadOnlySpan<byte> body) => HMACSHA256.HashData(key, (byte[])[.. Purpose, (byte)'s', .. body])[..SignatureBytes];

    private static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        for (var bit = 0; bit < bytes.Length * 8; bit += 5)
        {
            Span<byte> two = [bytes[bit / 8], bit / 8 + 1 < bytes.Length ? bytes[bit / 8 + 1] : (byte)0];
            text.Append(Alphabet[(BinaryPrimitives.ReadUInt16BigEndian(two) >> (11 - (bit % 8))) & 31]);
        }
        return text.ToString();
    }

    private static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[text.Length * 5 / 8];
        for (var i = 0; i < text.Length; i++)
        {
            var value = Alphabet.IndexOf(char.ToLowerInvariant(text[i]), StringComparison.Ordinal);
            if (value < 0) return null;
            for (var j = 0; j < 5; j++)
            {
                var bit = (i * 5) + j;
                if (bit / 8 < bytes.Length && (value & (16 >> j)) != 0) bytes[bit / 8] |= (byte)(128 >> (bit % 8));
            }
        }
        return bytes;
    }
}
