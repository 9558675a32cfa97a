using Notifier.Domain.WebPush;

namespace Notifier.Tests.WebPush;

public sealed class PushOutcomeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(200, PushResult.Accepted)]
    [InlineData(201, PushResult.Accepted)]
    [InlineData(202, PushResult.Accepted)]
    [InlineData(301, PushResult.Redirected)]
    [InlineData(307, PushResult.Redirected)]
    [InlineData(400, PushResult.Rejected)]
    [InlineData(401, PushResult.Unauthorized)]
    [InlineData(403, PushResult.Unauthorized)]
    [InlineData(404, PushResult.SubscriptionGone)]
    [InlineData(405, PushResult.Rejected)]
    [InlineData(406, PushResult.SlowDown)]
    [InlineData(408, PushResult.Transient)]
    [InlineData(410, PushResult.SubscriptionGone)]
    [InlineData(411, PushResult.Rejected)]
    [InlineData(413, PushResult.TooLarge)]
    [InlineData(429, PushResult.SlowDown)]
    [InlineData(500, PushResult.Transient)]
    [InlineData(502, PushResult.Transient)]
    [InlineData(503, PushResult.Transient)]
    public void Every_answer_means_one_thing(int status, PushResult result) => Assert.Equal(result, PushOutcome.Of(status, null, "", Now).Result);

    [Theory]
    [InlineData(400, "{\"reason\":\"VapidPkHashMismatch\"}", PushResult.OtherKey)]
    [InlineData(403, "{\"reason\":\"VapidPkHashMismatch\"}", PushResult.OtherKey)]
    [InlineData(403, "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.", PushResult.OtherKey)]
    [InlineData(401, "{\"code\":401,\"errno\":109,\"message\":\"VAPID public key mismatch\"}", PushResult.OtherKey)]
    [InlineData(403, "{\"reason\":\"BadJwtToken\"}", PushResult.Unauthorized)]
    [InlineData(400, "{\"reason\":\"BadWebPushTopic\"}", PushResult.Rejected)]
    [InlineData(410, "VapidPkHashMismatch", PushResult.SubscriptionGone)]
    public void A_subscription_of_another_key_is_told_from_a_key_that_is_wrong(int status, string body, PushResult result) =>
        Assert.Equal(result, PushOutcome.Of(status, null, body, Now).Result);

    [Theory]
    [InlineData("120", 120)]
    [InlineData("0", 0)]
    [InlineData("99999", 3600)]
    [InlineData("99999999999999999999", 3600)]
    [InlineData("Tue, 24 Nov 2026 08:02:00 GMT", 120)]
    [InlineData("Tue, 24 Nov 2026 07:00:00 GMT", 0)]
    [InlineData("Wed, 24 Nov 2027 07:00:00 GMT", 3600)]
    [InlineData(" 120 ", 120)]
    [InlineData("Tuesday, 24-Nov-26 08:02:00 GMT", 120)]
    [InlineData("Tue Nov 24 08:02:00 2026", 120)]
    [InlineData("soon", null)]
    [InlineData("1.5", null)]
    [InlineData("Tue, 24 Nov 2026 08:02:00 PST", null)]
    [InlineData("-5", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Retry_after_is_read_as_seconds_or_a_date_and_never_more_than_an_hour(string? header, int? seconds) =>
        Assert.Equal(seconds, (int?)PushOutcome.ReadRetryAfter(header, Now)?.TotalSeconds);

    [Theory]
    [InlineData(1, 4, 6)]
    [InlineData(2, 24, 36)]
    [InlineData(3, 96, 144)]
    [InlineData(4, 480, 720)]
    [InlineData(5, 1440, 2160)]
    [InlineData(50, 1440, 2160)]
    public void A_passing_fault_is_tried_again_later_and_later(int attempts, int least, int most)
    {
        Assert.Equal(least, PushRetry.Delay(attempts, 0).TotalSeconds, 3);
        Assert.Equal(most, PushRetry.Delay(attempts, 1).TotalSeconds, 3);
    }
}
