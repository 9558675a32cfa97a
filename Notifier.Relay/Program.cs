using Microsoft.Extensions.Options;
using Notifier.Relay;
using Notifier.Relay.Demo;
using Notifier.Relay.Operations;
using Notifier.Relay.Storage;

try
{
    var builder = HostStart.Builder(args);
    builder.WebHost.UseUrls(builder.Configuration["Relay:Urls"] ?? new RelayOptions().Urls);
    RelayRegistration.ListenRaw(builder.WebHost);
    builder.Services
        .AddStorage(builder.Configuration)
        .AddRelay(builder.Configuration)
        .AddOperations(builder.Configuration, builder.Environment)
        .AddDemo(builder.Configuration, builder.Environment);

    await using var app = builder.Build();
    app.Services.GetRequiredService<IStartupValidator>().Validate(); // the host would say the same with a stack trace
    app.MapAll();
    app.UseClientFiles();
    app.UseDemo();
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (StartFault.Line(e, "Relay__Urls") is { } line)
{
    await Console.Error.WriteLineAsync(line);
    return 1;
}
