using System.Text;
using System.Text.Json;
using Notifier.Relay.Connections;
using Notifier.Tests.Docs;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Client;

/// <summary>What the browser client does with each <c>bye</c> as the relay writes it.</summary>
public sealed class ByeTests
{
    [Fact]
    public async Task Each_close_code_makes_the_client_do_what_its_hundreds_say()
    {
        var byes = Enum.GetValues<CloseCode>().ToDictionary(code => $"{(int)code}", code => JsonElement.Parse(RelayFrames.Bye(code).Payload.Span));
        var answer = await Tool.RunAsync(Repository.File("Notifier.Tests/Client"), "node", "hear_byes.mjs", Convert.ToBase64String(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(byes))));

        Assert.Equal(
            Enum.GetValues<CloseCode>().Select(code => $"{(int)code} {((int)code / 100) switch { 40 => "at once, then backoff", 41 => "backoff, then backoff", _ => "never" }}"),
            answer.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
