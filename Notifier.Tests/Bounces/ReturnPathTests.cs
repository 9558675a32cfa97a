using Microsoft.Extensions.Options;
using Notifier.Worker.Email;
using Notifier.Worker.Unsubscribe;

namespace Notifier.Tests.Bounces;

public sealed class ReturnPathTests
{
    private const string Before = "the key before, of forty characters and so", Now = "the key of today, of forty characters as well", Other = "a key of somebody else, with enough characters";

    private static readonly Guid Email = Guid.CreateVersion7();

    [Fact]
    public void A_bounce_is_matched_also_when_the_key_was_changed_since_the_email_went_out()
    {
        var path = Of(Before).For(Email, "Bob@example.org").Address;
        var later = Of(Now, Before);

        Assert.True(later.TryRead(path, out var email, out var tag));
        Assert.Equal(Email, email);
        Assert.True(later.IsOf(tag, "bob@example.org"));
        Assert.False(later.IsOf(tag, "eve@example.org"));
    }

    [Fact]
    public void New_return_paths_are_signed_with_the_new_key_and_nobody_else_s_is_believed()
    {
        var path = Of(Now, Before).For(Email, "bob@example.org").Address;

        Assert.True(Of(Now).TryRead(path, out _, out _));
        Assert.False(Of(Before).TryRead(path, out _, out _));
        Assert.False(Of(Now, Before).TryRead(Of(Other).For(Email, "bob@example.org").Address, out _, out _));
    }

    private static ReturnPath Of(string key, params string[] old)
    {
        var links = new LinksOptions { SigningKey = key };
        foreach (var one in old) links.OldSigningKeys.Add(one);
        return new ReturnPath(Options.Create(new EmailOptions { BounceAddress = "bounces@acme.example", From = "hello@acme.example" }), Options.Create(links));
    }
}
