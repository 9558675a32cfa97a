using CsCheck;
using Notifier.Domain.Email;
using Xunit;

namespace Notifier.Tests.Email;

/// <summary>The answers that the fault matrix does not send over a socket.</summary>
public sealed class SmtpClassifierTests
{
    [Theory]
    [InlineData(SmtpPhase.Recipient, 550, "5.1.10 null MX", "AddressRejected Refused 550 5.1.10")]
    [InlineData(SmtpPhase.Recipient, 550, "5.2.1 disabled", "AddressRejected Refused 550 5.2.1")]
    [InlineData(SmtpPhase.Recipient, 556, "takes no mail", "AddressRejected Refused 556")]
    [InlineData(SmtpPhase.Recipient, 550, "5.1.8 sender's domain", "OurFault Recipient 550 5.1.8")]
    [InlineData(SmtpPhase.Recipient, 501, "5.5.4 bad argument", "OurFault Recipient 501 5.5.4")]
    [InlineData(SmtpPhase.Recipient, 503, "bad sequence", "OurFault Recipient 503")]
    [InlineData(SmtpPhase.Recipient, 550, "Blocked by Spamhaus", "OurFault Recipient 550")]
    [InlineData(SmtpPhase.Recipient, 554, "no", "MessageRejected Recipient 554")]
    [InlineData(SmtpPhase.Recipient, 550, "5.4.1 routing", "MessageRejected Recipient 550 5.4.1")]
    [InlineData(SmtpPhase.Recipient, 550, "5.0.0 no", "MessageRejected Recipient 550 5.0.0")]
    [InlineData(SmtpPhase.FinalDot, 550, "5.1.1 no such user", "MessageRejected FinalDot 550 5.1.1")]
    [InlineData(SmtpPhase.FinalDot, 251, "what?", "Unknown")]
    [InlineData(SmtpPhase.FinalDot, 530, "5.7.0 log in", "TransportDown Authenticate 530 5.7.0")]
    [InlineData(SmtpPhase.Connect, 521, "no mail here", "TransportDown Connect 521")]
    public void An_answer_has_its_meaning(SmtpPhase phase, int status, string text, string expected) =>
        Assert.Equal(expected, SmtpFaultMatrix.Describe(SmtpClassifier.Refusal(phase, new SmtpReply(status, text))));

    [Fact]
    public void Only_a_permanent_refusal_at_RCPT_ever_suppresses_and_policy_never_does() =>
        (from phase in Gen.Enum<SmtpPhase>()
         from status in Gen.Int[200, 599]
         from subject in Gen.Int[0, 7]
         from detail in Gen.Int[0, 30]
         from enhanced in Gen.Bool
         select (phase, new SmtpReply(status, enhanced ? $"{status / 100}.{subject}.{detail} no" : "no"))).Sample((phase, reply) =>
        {
            if (SmtpClassifier.Refusal(phase, reply) is SmtpOutcome.AddressRejected)
                Assert.True(phase == SmtpPhase.Recipient && reply.IsPermanent && reply.Enhanced is not { Subject: 7 });
        });

    [Theory]
    [InlineData("5.1.1 no such user", 5, 1, 1)]
    [InlineData(" 4.2.2\nfull", 4, 2, 2)]
    public void An_enhanced_code_is_read(string text, int @class, int subject, int detail) =>
        Assert.Equal(new EnhancedStatus(@class, subject, detail), new SmtpReply(550, text).Enhanced);

    [Theory]
    [InlineData("no such user 5.1.1")]
    [InlineData("5.1.1.1 is a bad address")]
    [InlineData("3.1.1 no class")]
    [InlineData("")]
    public void What_is_no_enhanced_code_is_not_read_as_one(string text) => Assert.Null(new SmtpReply(550, text).Enhanced);

    [Fact]
    public void A_reply_does_not_show_its_words_where_it_might_be_logged() =>
        Assert.Equal(
            "AddressRejected { Fault = Refused, Reply = 550 5.1.1 }",
            new SmtpOutcome.AddressRejected(AddressFault.Refused, new SmtpReply(550, "5.1.1 <bob@example.org>")).ToString());
}
