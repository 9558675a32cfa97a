using System.Buffers.Text;
using CsCheck;
using Microsoft.Extensions.Options;
using Notifier.Worker.Email;
using Notifier.Worker.Unsubscribe;
using Xunit;

namespace Notifier.Tests.Unsubscribe;

public sealed class UnsubscribeTokenTests
{
    private static readonly UnsubscribeClaim Claim = new("acme", "u-2", "c-9");

    private static readonly UnsubscribeToken Tokens = With("0123456789abcdef0123456789abcdef");

    [Fact]
    public void What_was_signed_is_read_back() => Gen.Select(Gen.String, Gen.String, Gen.String.Null()).Sample((site, recipient, conversation) =>
    {
        // Ids are well-formed Unicode: they came in as JSON.
        var claim = new UnsubscribeClaim(Valid(site)!, Valid(recipient)!, Valid(conversation));
        if (claim.Site.Length + claim.Recipient.Length > 200)
            return;
        Assert.True(Tokens.TryRead(Tokens.Create(claim), out var read));
        Assert.Equal(claim, read);
    });

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        var bytes = Base64Url.DecodeFromChars(Tokens.Create(Claim));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var forged = bytes.ToArray();
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Tokens.TryRead(Base64Url.EncodeToString(forged), out _));
        }
    }

    [Fact]
    public void Every_other_character_is_refused()
    {
        var token = Tokens.Create(Claim);
        for (var i = 0; i < token.Length; i++)
            foreach (var c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_= %./+")
                Assert.Equal(c == token[i], Tokens.TryRead(token[..i] + c + token[(i + 1)..], out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("!!!!")]
    [InlineData("../../etc/passwd")]
    public void Garbage_is_refused(string? token) => Assert.False(Tokens.TryRead(token, out _));

    [Fact]
    public void Any_garbage_is_refused() => Gen.String.Sample(garbage => Assert.False(Tokens.TryRead(garbage, out _)));

    [Fact]
    public void White_space_added_or_a_part_missing_is_refused()
    {
        var token = Tokens.Create(Claim);

        Assert.False(Tokens.TryRead(token + "\n", out _));
        Assert.False(Tokens.TryRead(token[..^4], out _));
        Assert.False(Tokens.TryRead(token + token, out _));
    }

    [Fact]
    public void A_token_of_another_key_is_refused() =>
        Assert.False(Tokens.TryRead(With("another key another key another key").Create(Claim), out _));

    [Fact]
    public void After_a_change_of_keys_old_links_are_taken_and_new_ones_signed_with_the_new_key()
    {
        var options = new LinksOptions { SigningKey = "another key another key another key" };
        options.OldSigningKeys.Add("0123456789abcdef0123456789abcdef");
        var rotated = new UnsubscribeToken(Options.Create(options));

        Assert.True(rotated.TryRead(Tokens.Create(Claim), out var read));
        Assert.Equal(Claim, read);
        Assert.Equal(With("another key another key another key").Create(Claim), rotated.Create(Claim));
        Assert.False(rotated.TryRead(With("a third key a third key a third key").Create(Claim), out _));
    }

    [Fact]
    public void Both_links_carry_the_token_and_a_base_path_stays()
    {
        var options = new LinksOptions { BaseUrl = "https://acme.example/notifier/", SigningKey = "0123456789abcdef0123456789abcdef" };
        var ways = new UnsubscribeLinks(Options.Create(options), Options.Create(new EmailOptions { From = "Acme <a@acme.example>" }), Tokens).For(Claim);
        var token = Tokens.Create(Claim);

        Assert.Equal($"https://acme.example/notifier/unsubscribe/{token}", ways.OneClick.AbsoluteUri);
        Assert.Equal($"mailto:a@acme.example?subject=unsubscribe%20{token}", ways.MailTo);
    }

    private static UnsubscribeToken With(string key) => new(Options.Create(new LinksOptions { SigningKey = key }));

    private static string? Valid(string? text) => text is null ? null : string.Concat(text.EnumerateRunes());
}
