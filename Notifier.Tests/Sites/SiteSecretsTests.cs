using Microsoft.Extensions.Options;
using Notifier.Worker.Sites;

namespace Notifier.Tests.Sites;

public sealed class SiteSecretsTests
{
    private static readonly string Key = Convert.ToBase64String([.. Enumerable.Range(0, 32).Select(i => (byte)i)]), Other = Convert.ToBase64String(new byte[32]);

    [Fact]
    public void A_secret_can_be_read_with_its_key_also_when_that_has_become_an_old_one()
    {
        var kept = Of(Key).Protect("acme", "Email__Password", "wörd");

        Assert.Equal("wörd", Of(Key).Reveal("acme", "Email__Password", kept));
        Assert.Equal("wörd", Of(Other, Key).Reveal("acme", "Email__Password", kept));
        Assert.NotEqual(kept, Of(Key).Protect("acme", "Email__Password", "wörd"));
    }

    [Theory]
    [InlineData("beta", "Email__Password")]
    [InlineData("acme", "WebPush__PrivateKey")]
    public void Moved_to_another_row_or_setting_it_cannot_be_read(string site, string setting)
    {
        var kept = Of(Key).Protect("acme", "Email__Password", "word");

        Assert.Throws<SettingException>(() => Of(Key).Reveal(site, setting, kept));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64")]
    [InlineData("AAAA")]
    public void What_was_never_encrypted_is_refused_with_the_setting_to_look_at(string kept)
    {
        var refused = Assert.Throws<SettingException>(() => Of(Key).Reveal("acme", "Email__Password", kept));

        Assert.StartsWith("Sites__EncryptionKey: is not the key", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_key_nothing_secret_is_kept()
    {
        var refused = Assert.Throws<SettingException>(() => Of(null).Protect("acme", "Email__Password", "word"));

        Assert.StartsWith("Sites__EncryptionKey: is required for Email__Password of site acme", refused.Message, StringComparison.Ordinal);
    }

    private static SiteSecrets Of(string? key, params string[] old)
    {
        var options = new SitesOptions { EncryptionKey = key };
        foreach (var one in old) options.OldEncryptionKeys.Add(one);
        return new SiteSecrets(Options.Create(options));
    }
}
