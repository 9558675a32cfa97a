using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Notifier.Faults.Stage;

/// <summary>What the mail server does at one step of a dialogue (smtp_oracle.py): EHLO, MAIL, RCPT, DATA, CONTENT, DOT.</summary>
/// <param name="Message">At DOT: only of the mail with this Message-ID.</param>
internal sealed record SmtpFault(string Step, string? Reply = null, bool Drop = false, bool Keep = false, bool Hang = false, string? Address = null, string? Message = null, int? Times = null);

/// <summary>A real SMTP server in a process of its own, with a journal on disk: the truth about what arrived.</summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly Process _process;
    private readonly Task _reading;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _acknowledged = new();
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _orders;

    private SmtpServer(string journal)
    {
        // Debian's python: another one on PATH does not see Debian's aiosmtpd.
        var script = Path.Combine(AppContext.BaseDirectory, "Stage", "smtp_oracle.py");
        _process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-B", script, "--journal", journal]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _reading = ReadAsync();
    }

    public int Port { get; private set; }

    /// <summary>Called for every client that met a fault, with the number of the fault and the connection.</summary>
    public event Action<int>? Reached;

    public static async Task<SmtpServer> StartAsync(string journal)
    {
        var server = new SmtpServer(journal);
        server.Port = await server._port.Task.WaitAsync(Patience);
        return server;
    }

    /// <returns>Its number, once it is in force.</returns>
    public async Task<int> AddAsync(SmtpFault fault)
    {
        var order = JsonSerializer.SerializeToNode(fault, Json)!.AsObject();
        order["op"] = "fault";
        return await OrderAsync(order);
    }

    /// <summary>Takes every fault away, and lets go who hangs.</summary>
    public Task ClearAsync() => OrderAsync(new JsonObject { ["op"] = "clear" });

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _writing.Dispose();
    }

    private async Task<int> OrderAsync(JsonObject order)
    {
        var id = Interlocked.Increment(ref _orders);
        order["id"] = id;
        var done = _acknowledged[id] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(order.ToJsonString());
            await _process.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
        await done.Task.WaitAsync(Patience);
        return id;
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var told = JsonNode.Parse(line)!;
            switch (told["event"]!.GetValue<string>())
            {
                case "ready":
                    _port.SetResult(told["port"]!.GetValue<int>());
                    break;
                case "ack":
                    _acknowledged[told["id"]!.GetValue<int>()].SetResult();
                    break;
                case "reached":
                    Reached?.Invoke(told["fault"]!.GetValue<int>());
                    break;
            }
        }
        _port.TrySetException(new InvalidOperationException("the SMTP server did not start (python3-aiosmtpd is needed)"));
    }
}
