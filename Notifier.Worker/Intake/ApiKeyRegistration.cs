using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Notifier.Worker.Intake;

internal static class ApiKeyRegistration
{
    /// <summary>The scheme and policy <see cref="ApiKeys.Policy"/>, on the keys of the section <see cref="IntakeOptions.Section"/>.</summary>
    public static IServiceCollection AddApiKeys(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<IntakeOptions>, IntakeOptionsValidator>();
        services.AddSingleton<ApiKeys>();
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeys.Scheme, null);
        services.AddAuthorizationBuilder().AddPolicy(ApiKeys.Policy, policy => policy.AddAuthenticationSchemes(ApiKeys.Scheme).RequireClaim(ApiKeys.Claim));
        return services;
    }
}
