using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Notifier.Tests.Fixtures;

/// <summary>A real SMTP server in a process of its own (smtp_oracle.py on aiosmtpd), whose word counts for what arrived.</summary>
public sealed class SmtpOracle : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly Process _process;
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private readonly SemaphoreSlim _writing = new(1);
    private int _orders;

    private SmtpOracle(string? certificate)
    {
        // Debian's python: another one on PATH does not see Debian's aiosmtpd.
        var script = Path.Combine(AppContext.BaseDirectory, "Fixtures", "smtp_oracle.py");
        _process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-B", script, .. certificate is null ? (string[])[] : ["--certificate", certificate]])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _errors = _process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    public int Port { get; private set; }

    /// <summary>Everything the oracle told, in order.</summary>
    public Journal<OracleEvent> Events { get; } = new();

    public ReceivedMail[] Mails => Received.Entries;

    public int Connections => Events.Entries.Count(e => e.Event == "connection");

    /// <summary>The verbs, by connection.</summary>
    public string[] Verbs(int connection) => [.. Events.Entries.Where(e => e.Event == "command" && e.Connection == connection).Select(e => e.Verb!)];

    private Journal<ReceivedMail> Received { get; } = new();

    /// <param name="certificate">A PEM file of key and certificate: with it the oracle offers STARTTLS, and after it AUTH.</param>
    public static async Task<SmtpOracle> StartAsync(string? certificate = null)
    {
        var oracle = new SmtpOracle(certificate);
        var first = await oracle.Events.WaitForAsync(e => e.Event is "ready" or "ended", Patience, "the SMTP oracle's port");
        if (first.Event == "ended") throw new InvalidOperationException($"the SMTP oracle did not start (python3-aiosmtpd is needed): {await oracle._errors}");
        oracle.Port = first.Port;
        return oracle;
    }

    public Task<ReceivedMail> WaitForMailAsync(Func<ReceivedMail, bool> wanted, TimeSpan timeout) =>
        Received.WaitForAsync(wanted, timeout, "a mail at the SMTP oracle");

    /// <summary>What was kept up to now, with all that the oracle had told by the time it was asked.</summary>
    public async Task<ReceivedMail[]> SettledMailsAsync()
    {
        await OrderAsync(new { op = "sync" });
        return Mails;
    }

    /// <summary>Faults are tried in the order in which they were added. Returns when it is in force.</summary>
    public async Task<ScriptedFault> AddAsync(OracleFault fault) =>
        new(this, await OrderAsync(new
        {
            op = "fault",
            step = fault.Step.ToString().ToUpperInvariant(),
            fault.Reply,
            fault.Drop,
            fault.Keep,
            fault.Hang,
            fault.Address,
            fault.Times,
        }), fault);

    /// <summary>Takes every fault away, and releases who hangs.</summary>
    public Task ClearAsync() => OrderAsync(new { op = "clear" });

    /// <returns>The number of the order, once the oracle has acknowledged it.</returns>
    internal async Task<int> OrderAsync(object order)
    {
        var id = Interlocked.Increment(ref _orders);
        var line = (JsonObject)JsonSerializer.SerializeToNode(order, Json)!;
        line["id"] = id;
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(line.ToJsonString());
            await _process.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }

        await Events.WaitForAsync(e => e.Event == "ack" && e.Id == id, Patience, $"the SMTP oracle's acknowledgement of {line.ToJsonString()}");
        return id;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _writing.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var told = JsonSerializer.Deserialize<OracleEvent>(line, Json)!;
            if (told.Event == "mail") Received.Add(new ReceivedMail(told.Connection, told.MailFrom!, told.RcptTo!, told.Message!));
            Events.Add(told with { Message = null });
        }

        Events.Add(new OracleEvent("ended", 0, 0, 0, 0, null, null, null, null, null));
    }
}
