using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email.Dkim;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using Xunit;

namespace Notifier.Tests.Email.Dkim;

/// <summary>What is signed is verified by Debian's python3-dkim. The DNS is a file: nothing leaves this machine.</summary>
public sealed class DkimTests : IDisposable
{
    private static readonly (string Pem, string Record) Rsa = NewRsa(2048);
    private static readonly (string Pem, string Record) Ed = NewEd25519();

    private readonly string _folder = Directory.CreateTempSubdirectory("dkim").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Rsa_and_ed25519_verify_and_cover_both_headers_of_one_click()
    {
        var signatures = await VerifyAsync(Bytes(Compose(Options(Rsa.Pem, Ed.Pem))));

        Assert.Equal(2, signatures.Length);
        Assert.All(signatures, signature =>
        {
            Assert.True(signature.Valid);
            Assert.Superset(new HashSet<string> { "from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post" }, signature.Headers.ToHashSet());
        });
    }

    [Theory]
    [InlineData("Is it still available?", "Is it still for sale?")]
    [InlineData("/unsubscribe/abc>", "/unsubscribe/abd>")]
    [InlineData("List-Unsubscribe=One-Click", "List-Unsubscribe=Two-Click")]
    [InlineData("Subject: New", "Subject: Old")]
    public async Task What_was_changed_on_the_way_does_not_verify(string was, string now)
    {
        var mail = System.Text.Encoding.ASCII.GetString(Bytes(Compose(Options(Rsa.Pem, Ed.Pem))));
        Assert.Contains(was, mail, StringComparison.Ordinal);

        Assert.All(await VerifyAsync(System.Text.Encoding.ASCII.GetBytes(mail.Replace(was, now, StringComparison.Ordinal))), signature => Assert.False(signature.Valid));
    }

    [Theory]
    [InlineData("日本語のメッセージ 👩‍👩‍👧", "花子")]
    [InlineData(".\n..\nFrom me\n\n\n", "Ada")]
    [InlineData("a very long line without an end ", "Ada")]
    public async Task Whatever_a_mail_says_its_signature_holds(string text, string sender)
    {
        var mail = Mails.Composer(dkim: Options(Ed.Pem)).Compose(Mails.Digest(Mails.Conversation(1, Mails.Message(string.Concat(Enumerable.Repeat(text, 60)), sender))), Mails.Envelope);

        Assert.True(Assert.Single(await VerifyAsync(Bytes(mail))).Valid);
    }

    [Theory]
    [InlineData("bob@example.org")]
    [InlineData("jürgen@example.org")] // its mail goes by SMTPUTF8, with headers in UTF-8
    public async Task What_arrives_over_SMTP_verifies_whatever_its_address_and_subject(string address)
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["8BITMIME", "SMTPUTF8"] };
        await using var transport = Mails.Transport(Mails.Options(server.Port));
        var to = new MailboxAddress("ユルゲン", address);
        var mail = Mails.Composer(dkim: Options(Rsa.Pem, Ed.Pem)).Compose(
            Mails.Digest(Mails.Conversation(1, Mails.Message("日本語のメッセージ", "花子")) with { Title = "花子の注文" }), Mails.Envelope with { To = to });
        Assert.Contains("花子の注文", mail.Subject, StringComparison.Ordinal);

        Assert.IsType<Notifier.Domain.Email.SmtpOutcome.Sent>(await transport.SendAsync(mail, Mails.From, to, () => true, TestContext.Current.CancellationToken));

        var signatures = await VerifyAsync(Assert.Single(server.Kept));
        Assert.Equal(2, signatures.Length);
        Assert.All(signatures, signature => Assert.True(signature.Valid));
    }

    [Fact]
    public void Without_a_domain_nothing_is_signed() => Assert.False(Mails.Simple().Headers.Contains(HeaderId.DkimSignature));

    [Theory]
    [InlineData("none", "there is no such file")]
    [InlineData("text", "must be a PEM file with an RSA or Ed25519 private key, without a passphrase")]
    [InlineData("public", "must be a PEM file with an RSA or Ed25519 private key, without a passphrase")]
    [InlineData("elliptic", "must be a PEM file with an RSA or Ed25519 private key, without a passphrase")]
    [InlineData("short", "an RSA key must have at least 2048 bits")]
    public void A_key_that_will_not_do_stops_the_start_with_the_reason(string kind, string reason)
    {
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var pem = kind switch
        {
            "text" => "no key",
            "public" => rsa.ExportSubjectPublicKeyInfoPem(),
            "elliptic" => curve.ExportPkcs8PrivateKeyPem(),
            "short" => NewRsa(1024).Pem,
            _ => null,
        };
        var options = Options(pem ?? Rsa.Pem);
        if (pem is null) options.KeyFile = Path.Combine(_folder, "elsewhere");

        Assert.Equal([$"Email__Dkim__KeyFile: {reason}"], new DkimOptionsValidator().Validate(null, options).Failures);
    }

    [Theory]
    [InlineData("", "n1", "Email__Dkim__Domain: must be a domain such as acme.example")]
    [InlineData("acme example", "n1", "Email__Dkim__Domain: must be a domain such as acme.example")]
    [InlineData(null, "n1", "Email__Dkim__Domain: is required with a selector or a key")]
    [InlineData("acme.example", "a b", "Email__Dkim__Selector: must be a name such as n2026")]
    [InlineData("acme.example", null, "Email__Dkim__Selector: must be a name such as n2026")]
    public void A_wrong_setting_is_named(string? domain, string? selector, string failure)
    {
        var options = Options(Rsa.Pem);
        (options.Domain, options.Selector) = (domain, selector);

        Assert.Equal([failure], new DkimOptionsValidator().Validate(null, options).Failures);
    }

    [Fact]
    public void Good_settings_are_good() => Assert.True(new DkimOptionsValidator().Validate(null, Options(Rsa.Pem, Ed.Pem)).Succeeded);

    private DkimOptions Options(string pem, string? second = null)
    {
        var options = new DkimOptions { Domain = "acme.example", Selector = "n1", KeyFile = Write("n1.pem", pem) };
        if (second is not null) (options.SecondSelector, options.SecondKeyFile) = ("n2", Write("n2.pem", second));
        return options;
    }

    private static MimeMessage Compose(DkimOptions options) =>
        Mails.Composer(dkim: options).Compose(Mails.Digest(Mails.Conversation(1, Mails.Message("Is it still available?"))), Mails.Envelope);

    // As SMTP carries it.
    private static byte[] Bytes(MimeMessage mail)
    {
        using var bytes = new MemoryStream();
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        mail.WriteTo(format, bytes, TestContext.Current.CancellationToken);
        return bytes.ToArray();
    }

    private async Task<Signature[]> VerifyAsync(byte[] mail)
    {
        var file = Path.Combine(_folder, "mail.eml");
        await File.WriteAllBytesAsync(file, mail, TestContext.Current.CancellationToken);
        // Whichever key has which selector, the mail says which is whose.
        var single = !System.Text.Encoding.ASCII.GetString(mail).Contains("s=n2", StringComparison.Ordinal);
        var records = Write("keys.json", JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["n1._domainkey.acme.example"] = single ? Ed.Record : Rsa.Record,
            ["n2._domainkey.acme.example"] = Ed.Record,
        }));
        var script = Path.Combine(NodeScript.Folder, "Email", "Dkim", "verify_dkim.py");
        return JsonSerializer.Deserialize<Signature[]>(await Tool.RunAsync(_folder, "/usr/bin/python3", "-B", script, file, records), JsonSerializerOptions.Web)!;
    }

    private string Write(string name, string content)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, content);
        return file;
    }

    private static (string Pem, string Record) NewRsa(int bits)
    {
        using var rsa = RSA.Create(bits);
        return (rsa.ExportPkcs8PrivateKeyPem(), $"v=DKIM1; k=rsa; p={Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo())}");
    }

    private static (string Pem, string Record) NewEd25519()
    {
        var generator = new Ed25519KeyPairGenerator();
        generator.Init(new Ed25519KeyGenerationParameters(new SecureRandom()));
        var pair = generator.GenerateKeyPair();
        var pkcs8 = PrivateKeyInfoFactory.CreatePrivateKeyInfo(pair.Private).GetDerEncoded();
        return (PemEncoding.WriteString("PRIVATE KEY", pkcs8), $"v=DKIM1; k=ed25519; p={Convert.ToBase64String(((Ed25519PublicKeyParameters)pair.Public).GetEncoded())}");
    }

    private sealed record Signature(bool Valid, string[] Headers);
}
