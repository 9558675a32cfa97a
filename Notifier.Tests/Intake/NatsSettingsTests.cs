using Notifier.Worker.Intake.Nats;

namespace Notifier.Tests.Intake;

public sealed class NatsSettingsTests
{
    public static TheoryData<NatsOptions, string?> Servers => new()
    {
        { new() { Url = null }, null },
        { new() { Url = "nats://127.0.0.1:4222" }, null },
        { new() { Url = "tls://nats-1.example:4222,tls://nats-2.example:4222", User = "worker", Password = "secret" }, null },
        { new() { Url = "nats://nats:4222", AllowClearText = true, Token = "token" }, null },
        { new() { Url = "127.0.0.1:4222" }, "Nats__Url: must be tls://host:port or nats://host:port, several of them separated by commas" },
        { new() { Url = "http://127.0.0.1:4222" }, "Nats__Url: must be tls://host:port or nats://host:port, several of them separated by commas" },
        { new() { Url = "nats://ada:secret@127.0.0.1:4222" }, "Nats__Url: must not hold credentials; Nats__User and Nats__Password, Nats__Token or Nats__CredentialsFile do" },
        { new() { Url = "nats://nats.example:4222" }, "Nats__Url: nats:// goes over the network in the clear; use tls://, or set Nats__AllowClearText" },
        { new() { Url = "nats://127.0.0.1", User = "ada" }, "Nats__User, Nats__Password: go together" },
        { new() { Url = "nats://127.0.0.1", User = "ada", Password = "secret", Token = "token" }, "Nats__User, Nats__Token, Nats__CredentialsFile: only one of them" },
        { new() { Url = "nats://127.0.0.1", CredentialsFile = "/no/such/file" }, "Nats__CredentialsFile: there is no such file" },
        { new() { Url = "nats://127.0.0.1", CaFile = "/no/such/file" }, "Nats__CaFile: there is no such file" },
    };

    public static TheoryData<NatsIntakeOptions, string?> Door => new()
    {
        { new(), null },
        { new() { Subject = "eu.*.events.acme" }, null },
        { new() { Stream = "a.b" }, "Nats__Stream: must be a name without dots, stars, greater-than signs, slashes and spaces" },
        { new() { Consumer = "a b" }, "Nats__Consumer: must be a name without dots, stars, greater-than signs, slashes and spaces" },
        { new() { Subject = "notifier.>" }, "Nats__Subject: must be a subject of at least two tokens, such as notifier.events.*; its last token is the site, and > is not taken" },
        { new() { Subject = "*" }, "Nats__Subject: must be a subject of at least two tokens, such as notifier.events.*; its last token is the site, and > is not taken" },
        { new() { AckWait = TimeSpan.Zero }, "Nats__AckWait: must be between 00:00:01 and 00:10:00" },
        { new() { BatchSize = 0 }, "Nats__BatchSize: must be between 1 and 1000" },
        { new() { Lanes = 17 }, "Nats__Lanes: must be between 1 and 16" },
        { new() { MaxAckPending = 199 }, "Nats__MaxAckPending: must be at least Nats__BatchSize" },
    };

    [Theory]
    [MemberData(nameof(Servers), DisableDiscoveryEnumeration = true)]
    public void A_wrong_server_is_told_with_its_setting_and_the_reason(NatsOptions options, string? failure) =>
        Assert.Equal(failure is null ? null : [failure], new NatsOptionsValidator().Validate(null, options).Failures);

    [Theory]
    [MemberData(nameof(Door), DisableDiscoveryEnumeration = true)]
    public void A_wrong_number_or_name_is_told_with_its_setting_and_the_reason(NatsIntakeOptions options, string? failure) =>
        Assert.Equal(failure is null ? null : [failure], new NatsIntakeOptionsValidator().Validate(null, options).Failures);
}
