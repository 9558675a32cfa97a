using Microsoft.Extensions.Configuration;
using Notifier.Worker;
using Notifier.Worker.Operations;
using Xunit;

namespace Notifier.Tests.Operations;

public sealed class AdminOptionsTests
{
    [Theory]
    [InlineData("ada", null, "Admin__Password")]
    [InlineData("ada", "", "Admin__Password")]
    [InlineData(null, "secret", "Admin__User")]
    [InlineData("a:da", "secret", "Admin__User")]
    public void What_cannot_be_an_admin_stops_the_start_and_is_named(string? user, string? password, string setting)
    {
        var refused = Assert.Throws<SettingException>(() => Read(user, password));

        Assert.StartsWith(setting, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_or_none_is_fine()
    {
        Assert.True(Read("ada", "secret").IsSet);
        Assert.False(Read(null, null).IsSet);
        Assert.False(Read("", "").IsSet);
    }

    private static AdminOptions Read(string? user, string? password) => AdminOptions.From(
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Admin:User"] = user, ["Admin:Password"] = password }).Build());
}
