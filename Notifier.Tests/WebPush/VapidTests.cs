using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;
using Notifier.Worker.WebPush;

namespace Notifier.Tests.WebPush;

public sealed class VapidTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_token_of_RFC_8292_verifies_with_the_check_used_here() => Verify(
        "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, " +
        "k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs");

    [Fact]
    public void A_token_is_for_one_push_service_and_half_a_day()
    {
        var claims = Verify(VapidToken.Authorization(VapidKeys.Generate(), "https://push.example.net:8443", "mailto:push@example.com", Now));
        Assert.Equal("https://push.example.net:8443", claims.GetProperty("aud").GetString());
        Assert.Equal((Now + TimeSpan.FromHours(12)).ToUnixTimeSeconds(), claims.GetProperty("exp").GetInt64());
        Assert.Equal("mailto:push@example.com", claims.GetProperty("sub").GetString());
    }

    [Fact]
    public void A_thousand_signatures_are_all_64_bytes()
    {
        var keys = VapidKeys.Generate();
        for (var i = 0; i < 1000; i++) Verify(VapidToken.Authorization(keys, "https://push.example.net", "mailto:push@example.com", Now + TimeSpan.FromSeconds(i)));
    }

    [Fact]
    public void A_token_is_kept_for_half_of_its_life()
    {
        var keys = VapidKeys.Generate();
        var clock = new SetClock { Now = Now };
        var tokens = new VapidTokens(Options.Create(new WebPushOptions { PublicKey = keys.PublicKey, PrivateKey = keys.PrivateKey, Subject = "mailto:push@example.com" }), clock);
        var first = tokens.For("https://a.example");
        Assert.NotEqual(first, tokens.For("https://b.example"));
        clock.Now = Now + TimeSpan.FromHours(6) - TimeSpan.FromSeconds(1);
        Assert.Same(first, tokens.For("https://a.example"));
        clock.Now = Now + TimeSpan.FromHours(6);
        Assert.NotEqual(first, tokens.For("https://a.example"));
    }

    [Fact]
    public async Task Many_at_once_get_one_token_and_made_up_hosts_do_not_fill_the_memory()
    {
        var keys = VapidKeys.Generate();
        var tokens = new VapidTokens(Options.Create(new WebPushOptions { PublicKey = keys.PublicKey, PrivateKey = keys.PrivateKey, Subject = "mailto:push@example.com" }), new SetClock { Now = Now });
        var same = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => tokens.For("https://a.example"))));
        Assert.Single(same.Distinct(ReferenceEqualityComparer.Instance));
        for (var i = 0; i < VapidTokens.MostKept + 5; i++) tokens.For($"https://a{i}.notify.windows.com");
        Assert.InRange(tokens.Kept, 1, VapidTokens.MostKept);
    }

    [Fact]
    public void Keys_survive_being_written_and_read()
    {
        for (var i = 0; i < 200; i++)
        {
            var keys = VapidKeys.Generate();
            var read = VapidKeys.TryParse(keys.PublicKey, keys.PrivateKey, out var fault);
            Assert.Null(fault.Member);
            Assert.Equal(keys.PublicKey, read!.PublicKey);
        }
    }

    [Fact]
    public void A_public_key_of_another_pair_is_refused()
    {
        Assert.Null(VapidKeys.TryParse(VapidKeys.Generate().PublicKey, VapidKeys.Generate().PrivateKey, out var fault));
        Assert.Equal("PublicKey", fault.Member);
    }

    [Theory]
    [InlineData("mailto:push@example.com", true)]
    [InlineData("https://example.com/contact", true)]
    [InlineData("mailto:mailto:push@example.com", false)]
    [InlineData("mailto:<push@example.com>", false)]
    [InlineData("mailto: push@example.com", false)]
    [InlineData("mailto:push@localhost", false)]
    [InlineData("mailto:push@LOCALHOST", false)]
    [InlineData("mailto:push@Site.Local", false)]
    [InlineData("mailto:push@site.local.", false)]
    [InlineData("mailto:a@b@example.com", false)]
    [InlineData("mailto:@example.com", false)]
    [InlineData("mailto:example.com", false)]
    [InlineData("https://site.invalid/contact", false)]
    [InlineData("MAILTO:push@example.com", true)]
    [InlineData("https://localhost", false)]
    [InlineData("mailto:push@site.local", false)]
    [InlineData("mailto:push@site.invalid", false)]
    [InlineData("push@example.com", false)]
    [InlineData("http://example.com", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_subject_that_a_push_service_would_refuse_is_refused_at_the_start(string? subject, bool good) => Assert.Equal(good, VapidToken.SubjectFault(subject) is null);

    /// <summary>Checks a header with the public key it carries.</summary>
    internal static JsonElement Verify(string authorization)
    {
        var parts = authorization["vapid t=".Length..].Split(", k=");
        var jwt = parts[0].Split('.');
        var k = Base64Url.DecodeFromChars(parts[1]);
        var signature = Base64Url.DecodeFromChars(jwt[2]);
        Assert.Equal(64, signature.Length);
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = k[1..33], Y = k[33..] } });
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{jwt[0]}.{jwt[1]}"), signature, HashAlgorithmName.SHA256));
        Assert.Equal("""{"typ":"JWT","alg":"ES256"}""", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(jwt[0])));
        return JsonElement.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(jwt[1])));
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
