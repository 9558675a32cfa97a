using System.Buffers.Text;
using Notifier.Domain.WebPush;

namespace Notifier.Tests.WebPush;

public sealed class PushSubscriptionTests
{
    private const string Endpoint = "https://fcm.googleapis.com/fcm/send/abc", Auth = "BTBZMqHH6r4Tts7J_aSIgg";
    private const string Key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

    [Theory]
    [InlineData(Key, Auth)]
    [InlineData(Key + "=", Auth + "==")]
    [InlineData("BCVxsr7N/eNgVRqvHtD0zTZsEc6+VV+JvLexhqUzORcxaOzi6+AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4=", "BTBZMqHH6r4Tts7J/aSIgg==")]
    public void Keys_are_taken_with_and_without_padding(string key, string auth) =>
        Assert.True(PushSubscription.TryCreate(Endpoint, key, auth, out _, out _));

    [Theory]
    [InlineData(null, Key, Auth, "endpoint")]
    [InlineData("push", Key, Auth, "endpoint")]
    [InlineData("https://evil.example\\@fcm.googleapis.com/abc", Key, Auth, "endpoint")]
    [InlineData("https://fcm.googleapis.com%2eevil.example/abc", Key, Auth, "endpoint")]
    [InlineData(Endpoint, null, Auth, "keys.p256dh")]
    [InlineData(Endpoint, "not base64!", Auth, "keys.p256dh")]
    [InlineData(Endpoint, Auth, Auth, "keys.p256dh")]
    [InlineData(Endpoint, Key, null, "keys.auth")]
    [InlineData(Endpoint, Key, Key, "keys.auth")]
    public void A_member_that_cannot_be_used_is_named(string? endpoint, string? key, string? auth, string member)
    {
        Assert.False(PushSubscription.TryCreate(endpoint, key, auth, out _, out var bad));
        Assert.Equal(member, bad.Member);
        Assert.NotEmpty(bad.Reason);
    }

    [Theory]
    [InlineData("https://fcm.googleapis.com/fcm/send/abc", "https://fcm.googleapis.com")]
    [InlineData("https://FCM.googleapis.com:443/fcm/send/abc", "https://fcm.googleapis.com")]
    [InlineData("https://ｆcm.googleapis.com/fcm/send/abc", "https://fcm.googleapis.com")]
    [InlineData("https://püsh.example/abc", "https://xn--psh-hoa.example")]
    [InlineData("https://user@push.example/abc", "https://push.example")]
    [InlineData("http://127.0.0.1:9000/push/1", "http://127.0.0.1:9000")]
    public void The_origin_is_that_of_the_host_connected_to_in_ASCII_and_names_only_an_unusual_port(string endpoint, string origin)
    {
        Assert.True(PushSubscription.TryCreate(endpoint, Key, Auth, out var subscription, out _));
        Assert.Equal(origin, subscription.Origin);
    }

    [Fact]
    public void An_endpoint_may_be_2048_characters_long_and_no_longer()
    {
        var longest = Endpoint + new string('x', 2048 - Endpoint.Length);
        Assert.True(PushSubscription.TryCreate(longest, Key, Auth, out _, out _));
        Assert.False(PushSubscription.TryCreate(longest + "x", Key, Auth, out _, out var bad));
        Assert.Equal("endpoint", bad.Member);
    }

    [Fact]
    public void A_key_of_64_bytes_and_the_point_at_0_0_are_refused_at_registration()
    {
        foreach (var key in new[] { new byte[64], [4, .. new byte[64]], [4, .. Enumerable.Repeat((byte)0xff, 64)] })
        {
            Assert.False(PushSubscription.TryCreate(Endpoint, Base64Url.EncodeToString(key), Auth, out _, out var bad));
            Assert.Equal("keys.p256dh", bad.Member);
        }
    }

    [Fact]
    public void A_point_off_the_curve_is_refused_at_registration() => AssertKeyRefused(key => key[40] ^= 1, "curve");

    [Fact]
    public void A_compressed_point_is_refused_at_registration() => AssertKeyRefused(key => key[0] = 2, "uncompressed");

    private static void AssertKeyRefused(Action<byte[]> spoil, string reason)
    {
        var key = Base64Url.DecodeFromChars(Key);
        spoil(key);
        Assert.False(PushSubscription.TryCreate(Endpoint, Base64Url.EncodeToString(key), Auth, out _, out var bad));
        Assert.Equal("keys.p256dh", bad.Member);
        Assert.Contains(reason, bad.Reason);
    }
}
