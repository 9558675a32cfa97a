using System.Buffers.Text;
using System.Security.Cryptography;
using CsCheck;
using Notifier.Domain.WebPush;

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

        var body = MessageEncryption.Encrypt(subscription, "When I grow up, I want to be a watermelon"u8, server, B64("DGv6ra1nlYgDCS1FRnbzlw"));

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

    [Fact]
    public void No_two_messages_share_a_key_or_a_salt()
    {
        using var userAgent = new UserAgent();
        var bodies = Enumerable.Range(0, 100).Select(_ => MessageEncryption.Encrypt(userAgent.Subscription, "same"u8)).ToArray();
        Assert.Equal(100, bodies.Select(b => Convert.ToHexString(b[..16])).Distinct().Count());
        Assert.Equal(100, bodies.Select(b => Convert.ToHexString(b[21..86])).Distinct().Count());
    }

    [Fact]
    public void Whatever_is_encrypted_the_user_agent_reads_again() => Gen.Byte.Array[0, MessageEncryption.MaxPlaintext].Sample(plaintext =>
    {
        using var userAgent = new UserAgent();
        Assert.Equal(plaintext, userAgent.Decrypt(MessageEncryption.Encrypt(userAgent.Subscription, plaintext)));
    }, iter: 300, seed: "0000KOIPe036");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(MessageEncryption.MaxPlaintext)]
    public void The_smallest_and_the_largest_are_read_again(int length)
    {
        using var userAgent = new UserAgent();
        var body = MessageEncryption.Encrypt(userAgent.Subscription, new byte[length]);
        Assert.Equal(length, userAgent.Decrypt(body).Length);
        Assert.True(body.Length <= 4096);
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
            Assert.Equal(P256Arithmetic.SharedSecret(userAgent.PrivateKey, MessageEncryption.Export(server.ExportParameters(false).Q)), userAgent.SharedSecret(server));
            Assert.Equal("zero"u8.ToArray(), userAgent.Decrypt(MessageEncryption.Encrypt(userAgent.Subscription, "zero"u8, server, new byte[16])));
        }
        Assert.Equal(3, met);
    }

    internal static ECDiffieHellman PrivateKey(string d, string q)
    {
        var point = B64(q);
        return ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = B64(d), Q = new ECPoint { X = point[1..33], Y = point[33..] } });
    }
}
