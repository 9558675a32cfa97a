using System.Text;
using Notifier.Domain.Email;
using Notifier.Worker.Email;

namespace Notifier.Tests.Email;

public sealed class SmtpAuthenticationTests : IDisposable
{
    // Leads to this machine, and no name of loopback.
    private const string NotLoopback = "0.0.0.0";

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(null, "PLAIN")]
    [InlineData("login", "LOGIN")]
    [InlineData("LOGIN", "LOGIN")]
    public async Task The_named_mechanism_is_the_one_that_is_used(string? named, string used)
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["AUTH PLAIN LOGIN SCRAM-SHA-256"] };
        server.On("AUTH", new Fault("535 5.7.8 no"));
        var options = Options(server, "secret");
        options.SaslMechanism = named;
        await using var transport = Mails.Transport(options);

        Assert.Equal("TransportDown Authenticate", SmtpFaultMatrix.Describe(await transport.SendAsync()));
        Assert.Equal(used, server.Lines.Single(l => l.StartsWith("AUTH ", StringComparison.Ordinal)).Split(' ')[1]);
    }

    [Fact]
    public async Task A_named_mechanism_that_is_not_offered_is_the_transports_fault_and_no_other_is_tried()
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["AUTH PLAIN LOGIN"] };
        var options = Options(server, "secret");
        options.SaslMechanism = "SCRAM-SHA-256";
        await using var transport = Mails.Transport(options);

        Assert.Equal("TransportDown Authenticate", SmtpFaultMatrix.Describe(await transport.SendAsync()));
        Assert.DoesNotContain("1 AUTH", server.Heard);
    }

    [Theory]
    [InlineData("AUTH PLAIN LOGIN", null)]
    [InlineData("AUTH PLAIN LOGIN", "PLAIN")]
    [InlineData("AUTH XOAUTH2 OAUTHBEARER PLAIN", "XOAUTH2")]
    public async Task On_a_clear_link_that_is_not_loopback_neither_password_nor_token_is_handed_over(string offered, string? named)
    {
        await using var server = new ScriptedSmtpServer { Extensions = [offered] };
        await File.WriteAllTextAsync(_file, "a.token", TestContext.Current.CancellationToken);
        var options = Options(server, named == "XOAUTH2" ? null : "secret");
        (options.Host, options.AllowClearText, options.SaslMechanism) = (NotLoopback, true, named);
        if (options.Password is null) options.OAuth2TokenFile = _file;
        await using var transport = Mails.Transport(options);

        Assert.Equal("TransportDown Authenticate", SmtpFaultMatrix.Describe(await transport.SendAsync()));
        Assert.Equal(["1 EHLO"], server.Heard);
    }

    [Fact]
    public async Task There_SCRAM_proves_the_password_and_hands_over_none_of_it()
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["AUTH PLAIN LOGIN SCRAM-SHA-256"], Scram = new ScramServer("secret") };
        var options = Options(server, "secret");
        (options.Host, options.AllowClearText) = (NotLoopback, true);
        await using var transport = Mails.Transport(options);

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());
        Assert.StartsWith("AUTH SCRAM-SHA-256 ", server.Lines.Single(l => l.StartsWith("AUTH ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wrong", false)]
    [InlineData("secret", true)] // who does not know the password itself, and takes any
    public async Task A_wrong_password_is_refused_by_SCRAM_and_so_is_a_server_that_does_not_know_it(string password, bool lies)
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["AUTH SCRAM-SHA-256"], Scram = new ScramServer("secret") { Lies = lies } };
        await using var transport = Mails.Transport(Options(server, password));

        Assert.Equal("TransportDown Authenticate", SmtpFaultMatrix.Describe(await transport.SendAsync()));
        Assert.Empty(server.Kept);
    }

    [Theory]
    [InlineData("AUTH XOAUTH2 OAUTHBEARER PLAIN", null, "OAUTHBEARER")]
    [InlineData("AUTH PLAIN XOAUTH2", null, "XOAUTH2")]
    [InlineData("AUTH XOAUTH2 OAUTHBEARER", "XOAUTH2", "XOAUTH2")]
    public async Task A_token_from_a_file_is_read_anew_for_each_connection(string offered, string? named, string used)
    {
        await using var server = new ScriptedSmtpServer { Extensions = [offered] };
        var options = Options(server, null);
        (options.OAuth2TokenFile, options.SaslMechanism, options.MessagesPerConnection) = (_file, named, 1);
        await using var transport = Mails.Transport(options);

        foreach (var token in new[] { "token.one", "token.two" })
        {
            await File.WriteAllTextAsync(_file, token + "\n", TestContext.Current.CancellationToken);
            Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());
            var line = server.Lines.Last(l => l.StartsWith("AUTH ", StringComparison.Ordinal)).Split(' ');
            Assert.Equal(used, line[1]);
            Assert.Contains($"auth=Bearer {token}", Encoding.ASCII.GetString(Convert.FromBase64String(line[2])), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("printf token.three", true)]
    [InlineData("echo token.three; exit 3", false)]
    [InlineData("true", false)]
    [InlineData("echo two words", false)]
    [InlineData("/no/such/program 2>/dev/null", false)]
    public async Task A_token_from_a_command_counts_only_if_the_command_ends_well_and_prints_one(string command, bool works)
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["AUTH XOAUTH2"] };
        var options = Options(server, null);
        options.OAuth2TokenCommand = command;
        await using var transport = Mails.Transport(options);

        Assert.Equal(works ? "Sent" : "TransportDown Authenticate", SmtpFaultMatrix.Describe(await transport.SendAsync()));
        Assert.Equal(works, server.Heard.Contains("1 AUTH"));
    }

    [Fact]
    public async Task A_command_that_hangs_costs_no_more_than_the_time_to_connect()
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["AUTH XOAUTH2"] };
        var options = Options(server, null);
        (options.OAuth2TokenCommand, options.ConnectTimeout) = ("sleep 600", TimeSpan.FromMilliseconds(300));
        await using var transport = Mails.Transport(options);

        Assert.IsType<SmtpOutcome.TransportDown>(await transport.SendAsync());
    }

    [Fact]
    public async Task After_a_refused_password_the_server_is_left_alone_for_a_while_that_doubles()
    {
        var clock = new HandClock();
        await using var server = new ScriptedSmtpServer { Extensions = ["AUTH PLAIN"] }.On("AUTH", new Fault("535 5.7.8 no", Times: 2));
        await using var transport = Mails.Transport(Options(server, "secret"), clock);

        foreach (var (second, outcome, connections) in new[] { (0, "TransportDown Authenticate", 1), (29, "TransportDown Authenticate", 1), (31, "TransportDown Authenticate", 2),
            (90, "TransportDown Authenticate", 2), (92, "Sent", 3), (93, "Sent", 3) })
        {
            clock.Now = TimeSpan.FromSeconds(second);
            Assert.Equal(outcome, SmtpFaultMatrix.Describe(await transport.SendAsync()));
            Assert.Equal(connections, server.Connections);
        }
    }

    private static EmailOptions Options(ScriptedSmtpServer server, string? password)
    {
        var options = Mails.Options(server.Port);
        (options.User, options.Password) = ("acme", password);
        return options;
    }

}
