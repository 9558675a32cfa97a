using Microsoft.Extensions.Options;
using Notifier.Worker;
using Notifier.Worker.Bounces;
using Notifier.Worker.Devices;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Preview;
using Notifier.Worker.Escalation;
using Notifier.Worker.Intake;
using Notifier.Worker.Intake.Nats;
using Notifier.Worker.Operations;
using Notifier.Worker.Recipients;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Notifier.Worker.Unsubscribe;
using Notifier.Worker.WebPush;

if (args is ["vapid"]) return VapidCommand.Run(Console.Out);
if (Commands.Unknown(args) is { } unknown)
{
    await Console.Error.WriteLineAsync(unknown);
    return 1;
}
try
{
    var builder = HostStart.Builder(args);
    builder.WebHost.UseUrls(builder.Configuration["Worker:Urls"] ?? "http://127.0.0.1:5080");
    if (args is ["preview", .. var places]) return await PreviewCommand.RunAsync(builder.Configuration, places, Console.Out);
    if (args is ["migrate", ..]) return await Migrator.RunAsync(builder.Configuration, Console.Out);

    builder.Services
        .AddStorage(builder.Configuration)
        .AddDoors(builder.Configuration)
        .AddSites(builder.Configuration)
        .AddIntake(builder.Configuration)
        .AddNatsIntake(builder.Configuration)
        .AddRecipients()
        .AddDevices(builder.Configuration)
        .AddEscalation(builder.Configuration)
        .AddWebPush(builder.Configuration)
        .AddEmail(builder.Configuration)
        .AddEmailDelivery()
        .AddBounces(builder.Configuration)
        .AddUnsubscribe()
        .AddOperations(builder.Configuration, builder.Environment);

    await using var app = builder.Build();
    app.Services.GetRequiredService<IStartupValidator>().Validate(); // the host would say the same with a stack trace
    if (args is ["replay", .. var filter]) return await ReplayCommand.RunAsync(app.Services, filter, Console.Out);
    if (args is ["site", .. var how]) return await SiteCommand.RunAsync(app.Services, how, Console.Out);
    app.UseDoors();
    app.UseCors(); // before authorization: a preflight comes without a token
    app.MapOperations();
    app.MapEvents().RequireAuthorization(ApiKeys.Policy);
    app.MapRecipients();
    app.MapDevices();
    app.MapUnsubscribe();
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (StartFault.Line(e) is { } line)
{
    await Console.Error.WriteLineAsync(line);
    return 1;
}
