using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>Debian's Firefox without a screen, on a profile that outlives it; Node's puppeteer holds the reins (firefox.mjs).</summary>
internal sealed class FirefoxProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _orders = new();
    private readonly ConcurrentDictionary<int, Tab> _tabs = new();
    private int _numbers;

    private FirefoxProcess(string profile, string pushServer)
    {
        _process = Process.Start(new ProcessStartInfo("node", ["Browser/firefox.mjs", FirefoxFactAttribute.Executable, profile, pushServer])
        {
            WorkingDirectory = NodeScript.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public static async Task<FirefoxProcess> StartAsync(string profile, string pushServer)
    {
        var firefox = new FirefoxProcess(profile, pushServer);
        var started = firefox._orders[0] = new();
        _ = firefox.ReadAsync();
        await started.Task.WaitAsync(Patience);
        return firefox;
    }

    /// <summary>Opens a tab, which comes to the front.</summary>
    public async Task<Tab> OpenAsync(Uri url)
    {
        var number = Interlocked.Increment(ref _numbers);
        var tab = _tabs[number] = new Tab(this, number);
        await OrderAsync(new { op = "open", page = tab.Number, url });
        return tab;
    }

    public ICollection<Tab> Tabs => _tabs.Values;

    internal Task CloseAsync(Tab tab)
    {
        _tabs.TryRemove(tab.Number, out _);
        return OrderAsync(new { op = "close", page = tab.Number });
    }

    internal async Task<JsonNode?> OrderAsync(object order)
    {
        var id = Interlocked.Increment(ref _numbers);
        var answer = _orders[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var line = JsonSerializer.SerializeToNode(order)!.AsObject();
        line["id"] = id;
        await _process.StandardInput.WriteLineAsync(line.ToJsonString());
        await _process.StandardInput.FlushAsync();
        return await answer.Task.WaitAsync(Patience);
    }

    /// <summary>As a person closes it: what is to be kept is in the profile.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(Patience);
        }
        finally
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var answer = JsonNode.Parse(line)!;
            if (!_orders.TryRemove((int)answer["id"]!, out var order)) continue;
            if (answer["error"] is { } error) order.SetException(new InvalidOperationException($"Firefox: {error}"));
            else order.SetResult(answer["value"]);
        }
        var said = await _errors;
        foreach (var order in _orders.Values) order.TrySetException(new InvalidOperationException($"Firefox did not start, or ended (firefox-esr, Node and Notifier.Tests/node_modules are needed; ./dev test installs them): {said}"));
    }
}

/// <summary>A tab of a <see cref="FirefoxProcess"/>.</summary>
internal sealed class Tab(FirefoxProcess firefox, int number)
{
    public int Number => number;

    /// <returns>What an expression gives, or the promise it gives.</returns>
    public Task<JsonNode?> EvaluateAsync(string script) => firefox.OrderAsync(new { op = "evaluate", page = number, script });

    /// <summary>Waits in the page until an expression is true.</summary>
    public async Task WaitForAsync(string condition, TimeSpan timeout, string what)
    {
        var came = await EvaluateAsync(
            $$"""
            (async () => {
              for (const end = Date.now() + {{(long)timeout.TotalMilliseconds}}; Date.now() < end; await new Promise(r => setTimeout(r, 25))) if (await ({{condition}})) return true;
              return false;
            })()
            """);
        Assert.True((bool)came!, $"Not within {timeout.TotalSeconds:0.#} s: {what}");
    }

    public Task ToFrontAsync() => firefox.OrderAsync(new { op = "front", page = number });

    public Task CloseAsync() => firefox.CloseAsync(this);

    public Task ScreenshotAsync(string file) => firefox.OrderAsync(new { op = "screenshot", page = number, file });
}
