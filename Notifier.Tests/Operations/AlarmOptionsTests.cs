using Notifier.Worker.Operations;
using Xunit;

namespace Notifier.Tests.Operations;

public sealed class AlarmOptionsTests
{
    private static readonly AlarmOptionsValidator Validator = new();

    [Fact]
    public void The_defaults_are_taken_and_find_a_lost_alarm_within_the_promised_minute()
    {
        var options = new AlarmOptions();

        Assert.True(Validator.Validate(null, options).Succeeded);
        Assert.True(options.Sweep + options.Tolerance < TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData("Sweep")]
    [InlineData("Tolerance")]
    [InlineData("LockTimeout")]
    [InlineData("InvisibilityTimeout")]
    public void A_time_that_is_no_time_is_named(string setting)
    {
        var options = new AlarmOptions();
        typeof(AlarmOptions).GetProperty(setting)!.SetValue(options, TimeSpan.Zero);

        Assert.StartsWith($"Alarms__{setting}: must be from 00:00:01 to ", Assert.Single(Validator.Validate(null, options).Failures!));
    }
}
