using System.Buffers.Text;
using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>The application server's key pair (RFC 8292 §3): browsers bind their subscriptions to it, so it must not change without care.</summary>
public sealed class VapidKeys
{
    private readonly ECParameters _parameters;

    private VapidKeys(ECParameters parameters)
    {
        _parameters = parameters;
        PublicKey = Base64Url.EncodeToString(P256Point.Export(parameters.Q));
    }

    /// <summary>65 bytes, base64url: what a page gives to <c>pushManager.subscribe</c>, and the <c>k</c> of the Authorization header.</summary>
    public string PublicKey { get; }

    /// <summary>32 bytes, base64url. A secret.</summary>
    public string PrivateKey => Base64Url.EncodeToString(Padded(_parameters.D!));

    public static VapidKeys Generate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new VapidKeys(key.ExportParameters(includePrivateParameters: true));
    }

    /// <returns>Null, with what is wrong in <paramref name="fault"/>: <c>PublicKey</c> or <c>PrivateKey</c>, and the reason.</returns>
    public static VapidKeys? TryParse(string publicKey, string privateKey, out (string Member, string Reason) fault)
    {
        fault = default;
        var q = Decode(publicKey);
        var d = Decode(privateKey);
        if (q is not { Length: PushSubscription.PublicKeyLength } || q[0] != 4) fault = ("PublicKey", "must be an uncompressed P-256 point of 65 bytes in base64url; the command vapid makes one");
        else if (d is not { Length: 32 }) fault = ("PrivateKey", "must be 32 bytes in base64url; the command vapid makes one");
        if (fault.Member is not null) return null;

        try
        {
            // The platform checks that the point belongs to the private key only when both are used: sign and verify once.
            var parameters = new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d, Q = new ECPoint { X = q![1..33], Y = q[33..] } };
            using var key = ECDsa.Create(parameters);
            using var publicOnly = ECDsa.Create(new ECParameters { Curve = parameters.Curve, Q = parameters.Q });
            if (publicOnly.VerifyData("vapid"u8, key.SignData("vapid"u8, HashAlgorithmName.SHA256), HashAlgorithmName.SHA256)) return new VapidKeys(parameters);
        }
        catch (CryptographicException)
        {
        }
        fault = ("PublicKey", "does not belong to the private key");
        return null;
    }

    internal ECDsa Signer() => ECDsa.Create(_parameters);

    private static byte[]? Decode(string text)
    {
        try
        {
            return Base64Url.DecodeFromChars(text.TrimEnd('='));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static byte[] Padded(byte[] scalar) => [.. new byte[32 - scalar.Length], .. scalar];
}
