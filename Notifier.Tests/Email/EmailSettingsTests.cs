using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class EmailSettingsTests
{
    private static readonly string[] Good =
    [
        "Links__BaseUrl=https://n.acme.example", "Links__SigningKey=0123456789abcdef0123456789abcdef",
        "Email__Host=smtp.acme.example", "Email__From=Acme <a@acme.example>",
    ];

    [Theory]
    [InlineData("Production", "Email__Host=", "Email__Host: is required outside Development")]
    [InlineData("Production", "Email__From=", "Email__From: must be an address such as Acme <hello@acme.example>")]
    [InlineData("Production", "Email__From=nonsense", "Email__From: must be an address such as Acme <hello@acme.example>")]
    [InlineData("Production", "Email__Security=Auto", "Email__Security: must be one of None, StartTls, Tls")]
    [InlineData("Production", "Email__Security=7", "Email__Security: must be None, StartTls or Tls")]
    [InlineData("Production", "Email__Security=None", "Email__Security: None sends mail in the clear; use StartTls or Tls, or set Email__AllowClearText=true if that link is private")]
    [InlineData("Production", "Email__Port=0", "Email__Port: must be between 1 and 65535")]
    [InlineData("Production", "Email__Port=smtp", "Email__Port: must be a whole number")]
    [InlineData("Production", "Email__User=acme", "Email__Password: is required with Email__User")]
    [InlineData("Production", "Email__Password=hunter22", "Email__User: is required with Email__Password")]
    [InlineData("Production", "Email__SaslMechanism=NTLM", "Email__SaslMechanism: must be one of PLAIN, LOGIN, SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1 with a password")]
    [InlineData("Production", "Email__OAuth2TokenCommand=cat token", "Email__User: is required with an OAuth 2.0 token")]
    [InlineData("Production", "Email__OnUnknown=7", "Email__OnUnknown: must be Resend or Park")]
    [InlineData("Production", "Email__RatePerDomain=0", "Email__RatePerDomain: must be between 1 and 100000")]
    [InlineData("Production", "Email__ConnectionsPerDomain=0", "Email__ConnectionsPerDomain: must be between 1 and 8")]
    [InlineData("Production", "Email__MessagesPerConnection=0", "Email__MessagesPerConnection: must be between 1 and 100000")]
    [InlineData("Production", "Email__ConnectionLifetime=00:00:00", "Email__ConnectionLifetime: must be between 00:00:01 and 1.00:00:00")]
    [InlineData("Production", "Email__FaultPause=02:00:00", "Email__FaultPause: must be between 00:00:00 and 01:00:00")]
    [InlineData("Production", "Email__Connections=9", "Email__Connections: must be between 1 and 8")]
    [InlineData("Production", "Email__FinalTimeout=soon", "Email__FinalTimeout: must be a duration such as 00:00:30")]
    [InlineData("Production", "Email__ConnectTimeout=00:00:00", "Email__ConnectTimeout: must be between 00:00:01 and 00:05:00")]
    [InlineData("Production", "Email__Lease=00:00:05", "Email__Lease: must be between 00:00:15 and 00:10:00")]
    [InlineData("Production", "Email__TransportPause=00:00:00", "Email__TransportPause: must be between 00:00:01 and 01:00:00")]
    [InlineData("Production", "Email__UnknownPause=02:00:00", "Email__UnknownPause: must be between 00:00:01 and 01:00:00")]
    [InlineData("Production", "Email__Retries__0=00:00:00", "Email__Retries__0: must be between 00:00:01 and 1.00:00:00")]
    [InlineData("Development", "Email__Lease=00:00:00", "Email__Lease: must be between 00:00:15 and 00:10:00")]
    [InlineData("Production", "Email__UnsubscribeAddress=Acme <a@acme.example>", "Email__UnsubscribeAddress: must be an address without a name, such as unsubscribe@acme.example")]
    [InlineData("Production", "Email__CaFile=/no/such/file", "Email__CaFile: there is no such file")]
    [InlineData("Production", "Links__BaseUrl=ftp://acme.example", "Links__BaseUrl: must be an absolute http or https URL such as https://notifier.acme.example")]
    [InlineData("Production", "Links__SigningKey=short", "Links__SigningKey: must be at least 32 characters, such as from: openssl rand -base64 32")]
    public async Task A_wrong_setting_stops_the_start_with_its_name_and_the_reason(string environment, string setting, string failure)
    {
        using var host = Host(environment, [.. Good, setting]);

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Equal([failure], refused.Failures);
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Production", "Email__Security=tls")]
    [InlineData("Production", "Email__Security=None", "Email__Host=127.0.0.1")]
    [InlineData("Production", "Email__Security=None", "Email__Host=localhost")]
    [InlineData("Production", "Email__Security=None", "Email__AllowClearText=true")]
    [InlineData("Development", "Email__Security=None")]
    [InlineData("Development", "Email__Lease=00:00:01", "Email__Retries__0=00:00:00.500")]
    public async Task Good_settings_start_and_mail_goes_to_the_server(string environment, params string[] settings)
    {
        var host = Host(environment, [.. Good, .. settings]);

        await host.StartAsync(TestContext.Current.CancellationToken);

        Assert.IsType<SmtpTransport>(host.Services.GetRequiredService<IMailTransport>());
        await ((IAsyncDisposable)host).DisposeAsync();
    }

    [Fact]
    public async Task Development_without_a_host_writes_files()
    {
        using var host = Host("Development", Good[..2]);

        await host.StartAsync(TestContext.Current.CancellationToken);

        Assert.IsType<MailFolder>(host.Services.GetRequiredService<IMailTransport>());
    }

    private static IHost Host(string environment, string[] settings)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = environment, DisableDefaults = true });
        foreach (var pair in settings.Select(setting => setting.Split('=', 2)))
            builder.Configuration[pair[0].Replace("__", ":", StringComparison.Ordinal)] = pair[1];
        builder.Services.AddLogging().AddEmail(builder.Configuration);
        return builder.Build();
    }
}
