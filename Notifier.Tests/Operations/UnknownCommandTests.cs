using Notifier.Worker;
using Xunit;

namespace Notifier.Tests.Operations;

public sealed class UnknownCommandTests
{
    [Theory]
    [InlineData("vapdi")]
    [InlineData("help")]
    public void A_mistyped_command_is_named(string command) =>
        Assert.StartsWith($"there is no command {command};", Commands.Unknown([command]), StringComparison.Ordinal);

    [Theory]
    [InlineData]
    [InlineData("vapid")]
    [InlineData("migrate")]
    [InlineData("replay", "--dry-run")]
    [InlineData("--Worker:Urls", "http://127.0.0.1:0")]
    [InlineData("/Worker:Urls=http://127.0.0.1:0")]
    [InlineData("Worker:Urls=http://127.0.0.1:0")]
    public void A_command_and_configuration_are_not(params string[] args) => Assert.Null(Commands.Unknown(args));
}
