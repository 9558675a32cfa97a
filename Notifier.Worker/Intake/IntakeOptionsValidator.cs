using Microsoft.Extensions.Options;

namespace Notifier.Worker.Intake;

internal sealed class IntakeOptionsValidator : IValidateOptions<IntakeOptions>
{
    public ValidateOptionsResult Validate(string? name, IntakeOptions options) =>
        options.MaxBacklog >= 1 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail("Intake__MaxBacklog: must be at least 1");
}
