using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Notifier.Worker.Email.Dkim;
using Notifier.Worker.Email.Templates;
using Notifier.Worker.Unsubscribe;

namespace Notifier.Worker.Email;

/// <summary>Rung 3: what carries the mail and its settings; and, on top of it, the alarms and what happens when one rings.</summary>
public static class EmailRegistration
{
    public static IServiceCollection AddEmail(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<EmailOptions>().BindSection(configuration.GetSection(EmailOptions.Section)).ValidateOnStart();
        services.AddOptions<LinksOptions>().BindSection(configuration.GetSection(LinksOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<EmailOptions>, EmailOptionsValidator>();
        services.AddSingleton<IValidateOptions<LinksOptions>, LinksOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<UnsubscribeToken>();
        services.AddSingleton<UnsubscribeLinks>();
        services.AddSingleton<ReturnPath>();
        services.AddSingleton<EmailTemplates>();
        services.AddOptions<DkimOptions>().BindSection(configuration.GetSection(DkimOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DkimOptions>, DkimOptionsValidator>();
        services.AddSingleton<DkimSignature>();
        services.AddSingleton<EmailComposer>();
        // The validator has seen to it that there is a host outside Development.
        services.AddSingleton<IMailTransport>(provider =>
            string.IsNullOrWhiteSpace(provider.GetRequiredService<IOptions<EmailOptions>>().Value.Host)
                ? ActivatorUtilities.CreateInstance<MailFolder>(provider)
                : ActivatorUtilities.CreateInstance<SmtpTransport>(provider));
        return services;
    }

    public static IServiceCollection AddEmailDelivery(this IServiceCollection services)
    {
        services.AddSingleton<MailServers>();
        services.AddSingleton<MailLanes>();
        services.AddSingleton<EmailAlarms>();
        services.AddSingleton<EmailLooks>();
        services.AddSingleton<EmailLeases>();
        services.AddHostedService(provider => provider.GetRequiredService<EmailLeases>());
        services.AddSingleton<EmailEndings>();
        services.AddSingleton<EmailSender>();
        services.AddSingleton<EmailDelivery>();
        services.AddSingleton<ParkedEmails>();
        services.AddTransient<EmailDueJob>();
        services.AddHostedService<OverdueSweep>();
        return services;
    }
}
