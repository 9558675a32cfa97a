using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Notifier.Worker.Unsubscribe;

/// <summary>
/// Says that a form of ours was sent, which was shown not long ago for this very link. The link alone is a permission already; this keeps what else follows links,
/// or has one in its history, from changing anything by a POST it made up.
/// </summary>
internal sealed class FormToken(IOptions<LinksOptions> options, TimeProvider clock)
{
    private static readonly TimeSpan GoodFor = TimeSpan.FromHours(12);

    private readonly byte[] _key = Encoding.UTF8.GetBytes(options.Value.SigningKey!);

    public string Create(string link) => Write(link, clock.GetUtcNow().ToUnixTimeSeconds());

    public bool IsGood(string link, string? token)
    {
        if (token is not { Length: < 100 } || !long.TryParse(token.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var made)) return false;
        var age = clock.GetUtcNow().ToUnixTimeSeconds() - made;
        return age >= 0 && age < GoodFor.TotalSeconds && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Write(link, made)), Encoding.UTF8.GetBytes(token));
    }

    private string Write(string link, long made) => string.Create(CultureInfo.InvariantCulture,
        $"{made}.{Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"notifier form 1\n{made}\n{link}")))}");
}
