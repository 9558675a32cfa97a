using CsCheck;
using MimeKit.Utils;
using Notifier.Domain.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class EmailIdentityTests
{
    [Fact]
    public void A_message_id_names_escalation_and_number() =>
        Assert.Equal("<e1042.3@acme.example>", EmailIdentity.MessageId(1042, 3, "acme.example"));

    // printf '4:acmec-9' | sha256sum | cut -c1-32
    [Fact]
    public void The_thread_root_depends_on_the_conversation_alone_and_never_changes() =>
        Assert.Equal("<ccc39edd15571f8274279827ff9495cf5@acme.example>", EmailIdentity.ThreadRoot("acme", "c-9", "acme.example"));

    [Fact]
    public void Conversations_have_roots_of_their_own() => Gen.Select(Gen.Char['a', 'c'].Array[0, 3], Gen.Char['a', 'c'].Array[0, 3]).Array[2].Sample(pair =>
    {
        var ids = pair.Select(ids => (Site: new string(ids.Item1), Conversation: new string(ids.Item2))).ToArray();
        var roots = ids.Select(id => EmailIdentity.ThreadRoot(id.Site, id.Conversation, "a.example")).ToArray();
        Assert.Equal(ids[0] == ids[1], roots[0] == roots[1]);
    });

    [Fact]
    public void The_border_between_site_and_conversation_counts() =>
        Assert.NotEqual(EmailIdentity.ThreadRoot("a", "bc", "a.example"), EmailIdentity.ThreadRoot("ab", "c", "a.example"));

    [Fact]
    public void A_root_is_a_valid_message_id_and_shows_nothing_of_the_conversation()
    {
        var root = EmailIdentity.ThreadRoot("acme", "c-9 <secret>", "acme.example");

        Assert.Equal(root, $"<{MimeUtils.ParseMessageId(root)}>");
        Assert.DoesNotContain("secret", root, StringComparison.Ordinal);
    }
}
