using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using CsCheck;
using Notifier.Domain.WebPush;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.WebPush;

public sealed class MessageEncryptionTests
{
    private static byte[] B64(string text) => Base64Url.DecodeFromChars(text);

    [Fact]
    public void The_example_of_RFC_8291_comes_out_byte_for_byte()
    {
        const string uaPublic = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        Assert.True(PushSubscription.TryCreate("https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV", uaPublic, "BTBZMqHH6r4Tts7J_aSIgg", out var subscription, out _));
        using var server = PrivateKey("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");

        var body = MessageEncryption.Encrypt(subscription, "When I grow up, I want to be a watermelon"u8, With(server), B64("DGv6ra1nlYgDCS1FRnbzlw"));

        Assert.Equal(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
            Base64Url.EncodeToString(body));
    }

    [Fact]
    public void The_first_example_of_RFC_8188_comes_out_byte_for_byte()
    {
        var body = new byte[Aes128GcmCoding.EncodedLength(15, 0)];
        Aes128GcmCoding.Encode(B64("yqdlZ-tYemfogSmv7Ws5PQ"), B64("I1BsxtFttlv3u_Oo94xnmw"), [], "I am the walrus"u8, body);
        Assert.Equal("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg", Base64Url.EncodeToString(body));
    }

    [Fact]
    public void The_receiver_used_here_reads_both_examples_of_RFC_8188()
    {
        Assert.Equal("I am the walrus"u8, UserAgent.DecryptRecords(B64("yqdlZ-tYemfogSmv7Ws5PQ"), B64("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg")));
        Assert.Equal("I am the walrus"u8, UserAgent.DecryptRecords(
            B64("BO3ZVPxUlnLORbVGMpbT1Q"), B64("uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA")));
    }

    [Theory, MemberData(nameof(Paths))]
    public void No_two_messages_share_a_key_or_a_salt(string path)
    {
        using var userAgent = new UserAgent();
        var bodies = Enumerable.Range(0, 100).Select(_ => MessageEncryption.Encrypt(userAgent.Subscription, "same"u8, Agreement(path))).ToArray();
        Assert.Equal(100, bodies.Select(b => Convert.ToHexString(b[..16])).Distinct().Count());
        Assert.Equal(100, bodies.Select(b => Convert.ToHexString(b[21..86])).Distinct().Count());
    }

    [Theory, MemberData(nameof(Paths))]
    public void Whatever_is_encrypted_the_user_agent_reads_again(string path) => Gen.Byte.Array[0, MessageEncryption.MaxPlaintext].Sample(plaintext =>
    {
        using var userAgent = new UserAgent();
        Assert.Equal(plaintext, userAgent.Decrypt(MessageEncryption.Encrypt(userAgent.Subscription, plaintext, Agreement(path))));
    }, iter: 300, seed: "0000KOIPe036");

    [Theory, MemberData(nameof(Paths))]
    public void Every_size_that_a_push_service_must_take_is_read_again(string path)
    {
        using var userAgent = new UserAgent();
        var plaintext = RandomNumberGenerator.GetBytes(MessageEncryption.MaxPlaintext);
        // Every size over both paths: the even ones by one, the odd ones by the other; the ends by both.
        var odd = path == "native" ? 1 : 0;
        foreach (var length in Enumerable.Range(0, plaintext.Length + 1).Where(n => n % 2 == odd || n is 0 || n == plaintext.Length))
        {
            var body = MessageEncryption.Encrypt(userAgent.Subscription, plaintext.AsSpan(0, length), Agreement(path));
            Assert.Equal(plaintext[..length], userAgent.Decrypt(body));
            Assert.True(body.Length <= 4096);
        }
    }

    [Theory, MemberData(nameof(Paths))]
    public async Task Another_implementation_reads_ten_thousand_messages(string path)
    {
        // One shared secret in 256 begins with a zero, and one coordinate in 128: ten thousand meet each of them some 40 times.
        var file = Path.GetTempFileName();
        await using (var lines = new StreamWriter(file))
        {
            var userAgents = Enumerable.Range(0, 100).Select(_ => new UserAgent()).ToArray();
            for (var i = 0; i < 10_000; i++)
            {
                var to = userAgents[i % userAgents.Length];
                var plaintext = RandomNumberGenerator.GetBytes(i % 300);
                await lines.WriteLineAsync(JsonSerializer.Serialize(new
                {
                    privateKey = Base64Url.EncodeToString(to.PrivateKey),
                    auth = Base64Url.EncodeToString(to.Subscription.Auth),
                    body = Base64Url.EncodeToString(MessageEncryption.Encrypt(to.Subscription, plaintext, Agreement(path))),
                    sha256 = Base64Url.EncodeToString(SHA256.HashData(plaintext)),
                }));
            }
            foreach (var userAgent in userAgents) userAgent.Dispose();
        }
        Assert.Equal("10000", (await NodeScript.RunAsync("WebPush/read_push_messages.mjs", file)).Trim());
        File.Delete(file);
    }

    [Fact]
    public void Keys_that_are_kept_are_bounded_and_stay_their_owners()
    {
        for (var i = 0; i < PeerKeys.MostKept + 100; i++)
        {
            using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
            PeerKeys.Of(P256Point.Export(other.ExportParameters(false).Q));
            Assert.InRange(PeerKeys.Count, 1, PeerKeys.MostKept + 8); // tests beside this one put theirs there, too
        }
        var userAgents = Enumerable.Range(0, 20).Select(_ => new UserAgent()).ToArray();
        foreach (var _ in Enumerable.Range(0, 2))
            foreach (var userAgent in userAgents)
                Assert.Equal("yours"u8, userAgent.Decrypt(MessageEncryption.Encrypt(userAgent.Subscription, "yours"u8, KeyAgreement.AgreePortably)));
        foreach (var userAgent in userAgents) userAgent.Dispose();
    }

    [Fact]
    public void Where_the_library_is_there_its_calls_are_used() => Assert.Equal(LibCrypto.IsThere, NativeKeyAgreement.Works);

    [Theory, MemberData(nameof(Paths))]
    public void A_point_off_the_curve_is_refused_and_leaves_nothing_behind(string path)
    {
        using var userAgent = new UserAgent();
        var off = userAgent.PublicKey;
        off[^1] ^= 1;
        var bad = PushSubscription.FromStored("https://fcm.googleapis.com/fcm/send/x", off, new byte[16]);
        Assert.ThrowsAny<CryptographicException>(() => MessageEncryption.Encrypt(bad, "text"u8, Agreement(path)));
        // The same thread goes on, with our calls and with the platform's.
        Assert.Equal("next"u8, userAgent.Decrypt(MessageEncryption.Encrypt(userAgent.Subscription, "next"u8, Agreement(path))));
        Assert.Equal("next"u8, userAgent.Decrypt(MessageEncryption.Encrypt(userAgent.Subscription, "next"u8, KeyAgreement.AgreePortably)));
    }

    [Fact]
    public void Many_threads_encrypt_at_once_and_none_gets_anothers_key()
    {
        var userAgents = Enumerable.Range(0, 8).Select(_ => new UserAgent()).ToArray();
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var to = userAgents[i % userAgents.Length];
            Assert.Equal(BitConverter.GetBytes(i), to.Decrypt(MessageEncryption.Encrypt(to.Subscription, BitConverter.GetBytes(i))));
        });
        foreach (var userAgent in userAgents) userAgent.Dispose();
    }

    [Fact]
    public void One_byte_more_than_a_push_service_must_take_is_refused()
    {
        Assert.Equal(3993, MessageEncryption.MaxPlaintext);
        using var userAgent = new UserAgent();
        Assert.Throws<ArgumentException>(() => MessageEncryption.Encrypt(userAgent.Subscription, new byte[3994]));
    }

    [Fact]
    public void A_shared_secret_with_a_leading_zero_keeps_it()
    {
        using var userAgent = new UserAgent();
        var met = 0;
        for (var i = 0; i < 20_000 && met < 3; i++)
        {
            using var server = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
            if (userAgent.SharedSecret(server)[0] != 0) continue;
            met++;
            // The library's own agreement would drop a zero on both sides and never be found out: this one is worked out by hand.
            Assert.Equal(P256Arithmetic.SharedSecret(userAgent.PrivateKey, P256Point.Export(server.ExportParameters(false).Q)), userAgent.SharedSecret(server));
            Assert.Equal("zero"u8.ToArray(), userAgent.Decrypt(MessageEncryption.Encrypt(userAgent.Subscription, "zero"u8, With(server), new byte[16])));
        }
        Assert.Equal(3, met);
    }

    /// <summary>Both ways to the shared secret pass the same tests. On a machine without OpenSSL 3 the first is not there to be tested.</summary>
    public static TheoryData<string> Paths => NativeKeyAgreement.Works ? ["native", "portable"] : ["portable"];

    private static MessageEncryption.Agreement Agreement(string path) => path == "native" ? NativeKeyAgreement.Agree : KeyAgreement.AgreePortably;

    /// <summary>With the key pair of an example, in place of one of its own.</summary>
    private static MessageEncryption.Agreement With(ECDiffieHellman server) => (userAgent, publicKey, secret) => KeyAgreement.Agree(server, userAgent, publicKey, secret);

    internal static ECDiffieHellman PrivateKey(string d, string q)
    {
        var point = B64(q);
        return ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = B64(d), Q = new ECPoint { X = point[1..33], Y = point[33..] } });
    }
}
