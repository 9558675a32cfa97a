namespace Notifier.Tests.Fixtures;

/// <summary>Where in a conversation the oracle fails.</summary>
public enum OracleStep
{
    /// <summary>In place of the greeting.</summary>
    Connect,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,

    /// <summary>In place of 354.</summary>
    Data,

    /// <summary>354 was said, and the content is coming.</summary>
    Content,

    /// <summary>The content has come, with its final dot.</summary>
    Dot,
    Rset,
    Noop,
    Quit,
}

/// <summary>What the oracle does at one step, in the order of the parameters. With none of them it only reports that the step was reached.</summary>
/// <param name="Keep">At the dot: the mail is kept, whatever the client hears.</param>
/// <param name="Hang">Says nothing until released; then it goes on with what follows here.</param>
/// <param name="Reply">Said instead of yes. A 421 also ends the connection.</param>
/// <param name="Drop">Closes the connection.</param>
/// <param name="Address">Only where this recipient is meant.</param>
/// <param name="Times">How often, over all connections; null for ever.</param>
public sealed record OracleFault(
    OracleStep Step, string? Reply = null, bool Drop = false, bool Keep = false, bool Hang = false, string? Address = null, int? Times = null);

/// <summary>A fault that was put into the oracle.</summary>
public sealed class ScriptedFault(SmtpOracle oracle, int id, OracleFault fault)
{
    /// <summary>Returns when a client has met it.</summary>
    public Task ReachedAsync(TimeSpan timeout) =>
        oracle.Events.WaitForAsync(e => e.Event == "reached" && e.Fault == id, timeout, $"an SMTP client at {fault}");

    /// <summary>Ends the hanging, for those who hang and for those who would.</summary>
    public Task ReleaseAsync() => oracle.OrderAsync(new { op = "release", fault = id });
}
