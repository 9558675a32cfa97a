using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;
using Notifier.Worker.WebPush;

namespace Notifier.Tests.WebPush;

public sealed class WebPushSettingsTests
{
    private static readonly VapidKeys Keys = VapidKeys.Generate();

    private static readonly string[] Good = [$"PublicKey={Keys.PublicKey}", $"PrivateKey={Keys.PrivateKey}", "Subject=mailto:push@example.com"];

    [Theory]
    [InlineData("PublicKey=", "WebPush__PublicKey: is not set")]
    [InlineData("PrivateKey=", "WebPush__PrivateKey: is not set")]
    [InlineData("PublicKey=AAAA", "WebPush__PublicKey: must be")]
    [InlineData("PublicKey=BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "WebPush__PublicKey: does not belong")]
    [InlineData("PrivateKey=AAAA", "WebPush__PrivateKey: must be")]
    [InlineData("Subject=", "WebPush__Subject: is not set")]
    [InlineData("Subject=mailto:push@localhost", "WebPush__Subject: must name a public host")]
    [InlineData("PreviousPublicKey=AAAA", "WebPush__PreviousPrivateKey: is not set")]
    [InlineData("PreviousPrivateKey=AAAA", "WebPush__PreviousPublicKey: is not set")]
    [InlineData("AllowedHosts__0=https://push.example.org", "WebPush__AllowedHosts__0: must be a host")]
    [InlineData("AllowedHosts__0=10.0.0.1", "WebPush__AllowedHosts__0: must be a host")]
    [InlineData("AllowedHosts__0=*.com", "WebPush__AllowedHosts__0: must be a host")]
    [InlineData("AllowedHosts__0=*", "WebPush__AllowedHosts__0: must be a host")]
    [InlineData("AllowedHosts__0=püsh.example.org", "WebPush__AllowedHosts__0: must be a host")]
    [InlineData("AllowLoopback=true", "WebPush__AllowLoopback: is for development only")]
    [InlineData("Timeout=00:00:00", "WebPush__Timeout: must be")]
    [InlineData("Timeout=soon", "WebPush__Timeout: must be a duration")]
    [InlineData("Lease=00:00:20", "WebPush__Lease: must be longer than WebPush__Timeout")]
    [InlineData("Retries__0=00:00:00", "WebPush__Retries__0: must be from")]
    [InlineData("KeyPause=00:00:00", "WebPush__KeyPause: must be from")]
    [InlineData("Concurrency=0", "WebPush__Concurrency: must be")]
    public void A_wrong_setting_is_named_with_the_reason_and_without_the_key(string setting, string failure)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read("Production", [.. Good, setting]));
        Assert.StartsWith(failure, Assert.Single(refused.Failures));
        Assert.DoesNotContain(Keys.PrivateKey, refused.Message);
    }

    [Fact]
    public void The_pair_before_must_be_a_pair_and_another_one()
    {
        string Refused(string publicKey, string privateKey) =>
            Assert.Single(Assert.Throws<OptionsValidationException>(() => Read("Production", [.. Good, $"PreviousPublicKey={publicKey}", $"PreviousPrivateKey={privateKey}"])).Failures);

        Assert.StartsWith("WebPush__PreviousPublicKey: is the same", Refused(Keys.PublicKey, Keys.PrivateKey));
        Assert.StartsWith("WebPush__PreviousPublicKey: does not belong", Refused(VapidKeys.Generate().PublicKey, VapidKeys.Generate().PrivateKey));
        Assert.StartsWith("WebPush__PreviousPrivateKey: must be", Refused(VapidKeys.Generate().PublicKey, "AAAA"));
    }

    [Fact]
    public void Each_subscription_is_signed_for_with_its_own_key_and_those_of_unknown_make_with_the_oldest()
    {
        var before = VapidKeys.Generate();
        var keys = new VapidKeyring(Read("Production", [.. Good, $"PreviousPublicKey={before.PublicKey}", $"PreviousPrivateKey={before.PrivateKey}"]));

        Assert.Equal(
            [Keys.PublicKey, Keys.PublicKey, before.PublicKey, before.PublicKey, null],
            [keys.Current?.PublicKey, keys.Find(Keys.PublicKey)?.PublicKey, keys.Find(before.PublicKey)?.PublicKey, keys.Find(null)?.PublicKey, keys.Find(VapidKeys.Generate().PublicKey)?.PublicKey]);
    }

    [Theory]
    [InlineData("Production", true)]
    [InlineData("Production", true, "AllowedHosts__0=push.example.org", "AllowedHosts__1=*.example.org")]
    [InlineData("Development", true, "AllowLoopback=true")]
    [InlineData("Production", false, "PublicKey=", "PrivateKey=", "Subject=")]
    public void Good_settings_are_taken_and_without_keys_push_is_off(string environment, bool isOn, params string[] settings) =>
        Assert.Equal(isOn, Read(environment, [.. Good, .. settings]).IsOn);

    [Fact]
    public void Hosts_that_are_given_take_the_place_of_the_default()
    {
        Assert.Contains("fcm.googleapis.com", Read("Production", Good).Hosts);
        Assert.Equal(["push.example.org"], Read("Production", [.. Good, "AllowedHosts__0=push.example.org"]).Hosts);
    }

    [Fact]
    public void The_command_prints_a_pair_that_can_be_set()
    {
        using var output = new StringWriter();
        Assert.Equal(0, VapidCommand.Run(output));
        var lines = output.ToString().Split(output.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["WebPush__PublicKey", "WebPush__PrivateKey"], lines.Select(l => l.Split('=')[0]));
        Assert.True(Read("Production", [.. lines.Select(l => l["WebPush__".Length..]), "Subject=mailto:push@example.com"]).IsOn);
    }

    private static WebPushOptions Read(string environment, string[] settings)
    {
        var values = new Dictionary<string, string?>();
        foreach (var setting in settings)
        {
            var (name, value) = (setting.Split('=')[0], setting[(setting.IndexOf('=') + 1)..]);
            values[$"WebPush:{name.Replace("__", ":", StringComparison.Ordinal)}"] = value;
        }
        var services = new ServiceCollection();
        services.AddSingleton<IHostEnvironment>(new Place { EnvironmentName = environment });
        services.AddWebPush(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<WebPushOptions>>().Value;
    }

    private sealed class Place : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = "";
        public string ApplicationName { get; set; } = "";
        public string ContentRootPath { get; set; } = "";
        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
