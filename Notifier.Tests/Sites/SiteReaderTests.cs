using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Options;
using Notifier.Worker.Email;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;

namespace Notifier.Tests.Sites;

/// <summary>What a site's row lays over our settings, and what of ours it must not lead elsewhere.</summary>
public sealed class SiteReaderTests
{
    [Fact]
    public void Our_credentials_go_to_no_mail_server_that_a_site_names()
    {
        var theirs = Read(("Email__User", "us"), ("Email__Password", "a secret of ours"), ("Email__SaslMechanism", "LOGIN")).Of(("Email__Host", "smtp.beta.example"));

        Assert.Equal(("smtp.beta.example", null, null, null), (theirs.Host, theirs.User, theirs.Password, theirs.SaslMechanism));
    }

    [Fact]
    public void Nor_does_a_token_of_ours()
    {
        var theirs = Read(("Email__User", "us"), ("Email__OAuth2TokenCommand", "echo token"), ("Email__SaslMechanism", "XOAUTH2")).Of(("Email__Host", "smtp.beta.example"));

        Assert.Equal((null, null, null), (theirs.User, theirs.OAuth2TokenCommand, theirs.SaslMechanism));
    }

    [Fact]
    public void A_user_of_the_site_s_own_takes_no_password_of_ours_along()
    {
        var wrong = Assert.Throws<OptionsValidationException>(
            () => Read(("Email__User", "us"), ("Email__Password", "a secret of ours")).Of(("Email__Host", "smtp.beta.example"), ("Email__User", "beta")));

        Assert.Equal(["site beta: Email__Password: is required with Email__User"], wrong.Failures);
    }

    [Fact]
    public void A_password_of_the_site_s_own_stands_in_place_of_our_token()
    {
        var secrets = new SiteSecrets(Options.Create(new SitesOptions { EncryptionKey = Convert.ToBase64String(new byte[32]) }));
        var theirs = Read(("Email__User", "us"), ("Email__OAuth2TokenCommand", "echo token"), ("Email__SaslMechanism", "XOAUTH2"))
            .Of(secrets, ("Email__Host", "smtp.beta.example"), ("Email__User", "beta"), ("Email__Password", secrets.Protect("beta", "Email__Password", "theirs")));

        Assert.Equal(("beta", "theirs", null, null), (theirs.User, theirs.Password, theirs.OAuth2TokenCommand, theirs.SaslMechanism));
    }

    [Fact]
    public void At_our_mail_server_a_site_without_credentials_of_its_own_uses_ours()
    {
        var theirs = Read(("Email__User", "us"), ("Email__Password", "a secret of ours")).Of(("Email__Connections", "2"));

        Assert.Equal(("smtp.acme.example", "us", "a secret of ours"), (theirs.Host, theirs.User, theirs.Password));
    }

    private static Reader Read(params (string Setting, string Value)[] ours) => new(ours);

    private sealed class Reader((string Setting, string Value)[] ours)
    {
        public EmailOptions Of(params (string Setting, string Value)[] row) => Of(new SiteSecrets(Options.Create(new SitesOptions())), row);

        public EmailOptions Of(SiteSecrets secrets, params (string Setting, string Value)[] row)
        {
            (string Setting, string Value)[] common =
            [
                ("Email__Host", "smtp.acme.example"), ("Email__From", "hello@acme.example"), ("Links__BaseUrl", "https://n.acme.example"), ("Links__SigningKey", new string('k', 40)),
                ("WebPush__Subject", "mailto:push@acme.example"),
            ];
            var configuration = new ConfigurationBuilder().AddInMemoryCollection(common.Concat(ours).ToDictionary(s => s.Setting.Replace("__", ":", StringComparison.Ordinal), s => (string?)s.Value)).Build();
            var (secret, plain) = (row.Where(s => SiteSetting.IsSecret(s.Setting)), row.Where(s => !SiteSetting.IsSecret(s.Setting)));
            return new SiteReader(configuration, new HostingEnvironment { EnvironmentName = "Production" }, secrets).Read(new SiteRow(
                "beta", true, null, null, null, plain.ToDictionary(s => s.Setting, s => s.Value), secret.ToDictionary(s => s.Setting, s => s.Value), [], DateTimeOffset.UnixEpoch)).Email;
        }
    }
}
