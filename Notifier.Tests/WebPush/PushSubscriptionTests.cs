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
    public void Keys_are_taken_with_and_without_padding(string key, string auth) =>
        Assert.True(PushSubscription.TryCreate(Endpoint, key, auth, out _, out _));

    [Theory]
    [InlineData(null, Key, Auth, "endpoint")]
    [InlineData("push", Key, Auth, "endpoint")]
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
