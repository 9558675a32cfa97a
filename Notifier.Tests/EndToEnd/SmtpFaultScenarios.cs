using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>The worker beside a mail server with TLS and authentication that fails in every way at every step: in which state the email is then, and what arrives in the end.</summary>
public sealed class SmtpFaultScenarios(SmtpFaultScenarios.FaultStage stage) : IClassFixture<SmtpFaultScenarios.FaultStage>
{
    private const string Retry = "retry", Failed = "failed", Unknown = "data";

    public static IEnumerable<TheoryDataRow<OracleFault, string, int>> Matrix
    {
        get
        {
            foreach (var step in new[] { OracleStep.Connect, OracleStep.StartTls, OracleStep.Auth, OracleStep.Mail, OracleStep.Rcpt, OracleStep.Data, OracleStep.Dot })
            {
                yield return new(new OracleFault(step, Reply: "451 4.3.0 not now"), Retry, 1);
                yield return new(new OracleFault(step, Reply: step == OracleStep.Rcpt ? "550 5.1.1 no such user" : "554 5.3.0 no"), step < OracleStep.Mail ? Retry : Failed, step < OracleStep.Mail ? 1 : 0);
                yield return new(new OracleFault(step, Reply: "421 4.3.2 going down"), Retry, 1);
                foreach (var hang in new[] { false, true })
                    foreach (var keep in step == OracleStep.Dot ? [false, true] : new[] { false })
                        yield return new(new OracleFault(step, Drop: true, Hang: hang, Keep: keep), step == OracleStep.Dot ? Unknown : Retry, keep ? 2 : 1);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Every_fault_leaves_its_state_and_the_email_arrives_once_save_in_the_one_window(OracleFault fault, string state, int arrives)
    {
        var bob = await stage.PersonAsync(device: false);
        var met = await stage.Mail.AddAsync(fault with { Times = 1 });
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await met.ReachedAsync(Stage.Soon);
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.email_attempt WHERE recipient = $1 AND state = $2 AND lease_until IS NULL)", Stage.Soon, $"{state} after {fault}", bob.Id, state);

        await stage.Mail.ClearAsync();
        if (state != Failed)
        {
            await stage.AdvanceAsync(TimeSpan.FromSeconds(70)); // a retry waits for a minute, an unknown outcome and an unusable server no longer
            await stage.WaitForAttemptAsync(bob, "sent");
        }

        var mails = (await stage.Mail.SettledMailsAsync()).Where(m => m.RcptTo.Contains(bob.Address)).ToArray();
        Assert.Equal(arrives, mails.Length);
        Assert.True(mails.DistinctBy(m => m.Message.MessageId).Count() <= 1);
        Assert.Equal(fault.Step == OracleStep.Rcpt && state == Failed, await stage.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM notifier.suppression WHERE address = $1)", bob.Address));
        Assert.Equal(state == Failed && fault.Step != OracleStep.Rcpt,
            await stage.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM notifier.dead_letter WHERE kind = 'email' AND body::text LIKE '%' || $1 || '%')", $"\"{bob.Id}\""));
        if (arrives == 2) await stage.WaitForReasonAsync(bob, bob.Message("m"), "email send outcome_unknown");

        // The pool lives on: the next one goes out as if nothing had been.
        var eve = await stage.PersonAsync(device: false);
        await stage.PublishAsync(eve.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(eve.Address), Stage.Soon);
    }

    [Fact]
    public async Task An_email_that_cannot_be_written_says_why_and_holds_up_no_other()
    {
        var bob = await stage.PersonAsync(device: false);
        var met = await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Reply: "451 4.3.0 not now", Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await met.ReachedAsync(Stage.Soon);
        await stage.WaitForAttemptAsync(bob, "retry");
        await stage.Database.ExecuteAsync("UPDATE notifier.email_attempt SET message_id = 'is <none' WHERE recipient = $1", bob.Id);

        var eve = await stage.PersonAsync(device: false);
        await stage.PublishAsync(eve.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await stage.WaitForAttemptAsync(eve, "sent");
        await stage.Database.WaitUntilAsync(
            "SELECT EXISTS (SELECT FROM notifier.email_attempt WHERE recipient = $1 AND state = 'retry' AND attempts = 2 AND answer LIKE 'it could not be written: %')", Stage.Soon, "why", bob.Id);

        await stage.Database.ExecuteAsync("UPDATE notifier.email_attempt SET message_id = '<mended@acme.example>' WHERE recipient = $1", bob.Id);
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await stage.WaitForAttemptAsync(bob, "sent");
    }

    /// <summary>A server that wants TLS and a password, and a worker that is not patient.</summary>
    public sealed class FaultStage(PostgresCluster cluster) : Stage(cluster)
    {
        private readonly string _certificate = Path.GetTempFileName();

        protected override async Task<SmtpOracle> StartMailAsync()
        {
            using var made = ServerCertificate.For("127.0.0.1");
            await File.WriteAllTextAsync(_certificate, made.Pem());
            return await SmtpOracle.StartAsync(_certificate);
        }

        protected override Dictionary<string, string> Settings() => new(base.Settings())
        {
            ["Email__Security"] = "StartTls",
            ["Email__CaFile"] = _certificate,
            ["Email__User"] = "acme",
            ["Email__Password"] = "secret",
            ["Email__MessagesPerConnection"] = "1", // what is idle in the pool would not meet a fault of a new connection
            ["Email__FaultPause"] = "00:00:00",
            ["Email__ConnectTimeout"] = "00:00:10",
            ["Email__CommandTimeout"] = "00:00:10",
            ["Email__FinalTimeout"] = "00:00:10",
        };

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            File.Delete(_certificate);
            GC.SuppressFinalize(this);
        }
    }
}
