using CsCheck;
using Notifier.Domain.WebPush;

namespace Notifier.Tests.WebPush;

public sealed class PushAnswerTests
{
    [Theory]
    [InlineData("""{"code":401,"errno":109,"error":"Unauthorized","more_info":"http://autopush.readthedocs.io/en/latest/http.html#error-codes","message":"Invalid Authorization"}""",
        """{"code":401,"errno":109,"error":"Unauthorized","more_info":"[url]","message":"Invalid Authorization"}""")]
    [InlineData("""{"reason":"VapidPkHashMismatch"}""", """{"reason":"VapidPkHashMismatch"}""")]
    [InlineData("the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.\n",
        "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.")]
    [InlineData("no such: https:\\/\\/fcm.googleapis.com\\/fcm\\/send\\/abc:APA91b", "no such: [url]")]
    [InlineData("no such /fcm/send/dIb8WQ:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx", "no such [removed]")]
    [InlineData("k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs", "[removed]")]
    [InlineData("one\r\nALARM: two\0\u001b[31m\u202ethree", "one ALARM: two [31m three")]
    [InlineData("", "")]
    public void What_helps_an_operator_stays_and_what_opens_a_door_goes(string answer, string kept) => Assert.Equal(kept, PushAnswer.Clean(answer));

    [Fact]
    public void However_long_it_is_cut_to_text_that_UTF_8_can_hold() => Gen.Int[280, 320].Sample(lead =>
    {
        var kept = PushAnswer.Clean(string.Concat(Enumerable.Repeat("ab ", lead)).Substring(0, lead).Trim() + " " + string.Concat(Enumerable.Repeat("😀", 50)));
        Assert.True(kept.Length <= PushAnswer.MaxLength);
        Assert.DoesNotContain('\ufffd', string.Concat(kept.EnumerateRunes()));
    });
}
