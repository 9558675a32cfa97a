using Notifier.Faults.Driving;
using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Faults.Stage;

/// <summary>The environment of a cast's processes.</summary>
internal static class CastSettings
{
    public static Dictionary<string, string> Worker(Cast cast, Setup setup, int number, (string Public, string Private) keys)
    {
        var database = new NpgsqlConnectionStringBuilder(cast.ConnectionString) { Port = cast.DatabaseLinks[number].Port, Timeout = 3, CommandTimeout = 5, Options = "-c idle_in_transaction_session_timeout=2s" };
        var settings = new Dictionary<string, string>(Pace.Settings)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ConnectionStrings__Notifier"] = database.ConnectionString,
            ["Worker__Urls"] = $"http://127.0.0.1:{PostgresServer.FreePort()}",
            ["Intake__ApiKeys__0"] = Doors.Key,
            ["Email__Host"] = "127.0.0.1",
            ["Email__Port"] = $"{cast.MailLink.Port}",
            ["Email__Security"] = "None",
            ["Email__From"] = "Acme <hello@acme.example>",
            ["Links__BaseUrl"] = "http://127.0.0.1:5080",
            ["Links__SigningKey"] = "a signing key of forty characters, no less",
            ["WebPush__PublicKey"] = keys.Public,
            ["WebPush__PrivateKey"] = keys.Private,
            ["WebPush__Subject"] = "mailto:push@acme.example",
            ["WebPush__AllowLoopback"] = "true",
        };
        if (cast.Stream is { } stream)
        {
            settings["Nats__Url"] = $"nats://127.0.0.1:{stream.Link.Port}";
            settings["Nats__AckWait"] = "00:00:02";
        }
        if (setup.Clock is { } clock && number == 0)
        {
            settings["LD_PRELOAD"] = Cast.FakeTime!;
            settings["FAKETIME"] = clock; // monotonic time as well: with FAKETIME_DONT_FAKE_MONOTONIC every timed wait ends at once
        }
        foreach (var (name, value) in setup.Settings ?? new Dictionary<string, string>()) settings[name] = value;
        return settings;
    }

    public static Dictionary<string, string> Relay(Cast cast) => new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["ConnectionStrings__Notifier"] = cast.ConnectionString,
        ["Relay__Urls"] = $"http://127.0.0.1:{PostgresServer.FreePort()}",
        ["Intake__ApiKeys__0"] = Doors.Key,
        ["Connect__SigningKey"] = Tab.SigningKey,
        ["Connect__Origins__0"] = "https://acme.example",
        ["Relay__ConnectsPerSecond"] = "10000",
    };
}
