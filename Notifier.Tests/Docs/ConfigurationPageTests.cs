using System.Reflection;
using Notifier.Relay;
using Notifier.Worker.Bounces;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Dkim;
using Notifier.Worker.Escalation;
using Notifier.Worker.Intake;
using Notifier.Worker.Intake.Nats;
using Notifier.Worker.Operations;
using Notifier.Worker.Sites;
using Notifier.Worker.Unsubscribe;
using Notifier.Worker.WebPush;

namespace Notifier.Tests.Docs;

public sealed class ConfigurationPageTests
{
    private static readonly string Page = File.ReadAllText(Repository.File("docs/configuration.md"));

    [Theory]
    [InlineData("Email", typeof(EmailOptions))]
    [InlineData("Bounces", typeof(BouncesOptions))]
    [InlineData("Bounces__Imap", typeof(BounceMailboxOptions))]
    [InlineData("Email__Dkim", typeof(DkimOptions))]
    [InlineData("WebPush", typeof(WebPushOptions))]
    [InlineData("Escalation", typeof(EscalationOptions))]
    [InlineData("Alarms", typeof(AlarmOptions))]
    [InlineData("Intake", typeof(IntakeOptions))]
    [InlineData("Intake", typeof(ApiKeyOptions))]
    [InlineData("Nats", typeof(NatsOptions))]
    [InlineData("Nats", typeof(NatsIntakeOptions))]
    [InlineData("Connect", typeof(ConnectOptions))]
    [InlineData("Relay", typeof(RelayOptions))]
    [InlineData("Limits", typeof(LimitsOptions))]
    [InlineData("Links", typeof(LinksOptions))]
    [InlineData("Sites", typeof(SitesOptions))]
    [InlineData("Admin", typeof(AdminOptions))]
    public void Every_setting_is_on_the_page(string section, Type options)
    {
        foreach (var property in options.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property is { CanWrite: false, PropertyType.IsGenericType: false }) continue; // derived from the others
            if (property.PropertyType.IsClass && property.PropertyType.Assembly == options.Assembly) continue; // a section of its own
            var list = property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(IList<>);
            Assert.Contains($"`{section}__{property.Name}{(list ? "__N" : "")}`", Page);
        }
    }
}
