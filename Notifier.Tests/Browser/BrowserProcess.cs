using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>One of Debian's browsers without a screen; Node's puppeteer holds the reins (browser.mjs).</summary>
internal sealed class BrowserProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _orders = new();
    private readonly ConcurrentDictionary<int, Tab> _tabs = new();
    private int _numbers, _closed;

    private BrowserProcess(string script, params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo("node", [script, .. arguments])
        {
            WorkingDirectory = NodeScript.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <param name="profile">The folder that outlives it.</param>
    /// <param name="pushServer">In place of Mozilla's.</param>
    public static Task<BrowserProcess> StartFirefoxAsync(string profile, string pushServer) =>
        StartAsync(new BrowserProcess("Browser/firefox.mjs", "/usr/bin/firefox-esr", profile, pushServer));

    public static Task<BrowserProcess> StartChromiumAsync() => StartAsync(new BrowserProcess("Browser/chromium.mjs", "/usr/bin/chromium"));

    private static async Task<BrowserProcess> StartAsync(BrowserProcess browser)
    {
        var started = browser._orders[0] = new();
        _ = browser.ReadAsync();
        try
        {
            await started.Task.WaitAsync(Patience);
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
        return browser;
    }

    /// <summary>Opens a tab, which comes to the front.</summary>
    /// <param name="context">Whose browser it is: each name has cookies, storage and workers of its own.</param>
    /// <param name="before">A script that runs before the page's own.</param>
    public async Task<Tab> OpenAsync(Uri url, string? context = null, string? before = null)
    {
        var number = Interlocked.Increment(ref _numbers);
        var tab = _tabs[number] = new Tab(this, number);
        await OrderAsync(new { op = "open", page = tab.Number, url, context, before });
        return tab;
    }

    /// <summary>A tab that the browser opens by itself, as soon as it is there.</summary>
    /// <param name="url">What its address begins with.</param>
    public async Task<Tab> AdoptAsync(string url)
    {
        var number = Interlocked.Increment(ref _numbers);
        var tab = new Tab(this, number);
        await OrderAsync(new { op = "adopt", page = tab.Number, url });
        return _tabs[number] = tab;
    }

    /// <summary>As a person clicks on a notification; Firefox only.</summary>
    public Task ClickNotificationAsync(string title) => OrderAsync(new { op = "clickNotification", title });

    public ICollection<Tab> Tabs => _tabs.Values;

    /// <summary>Ends every SharedWorker of every page, as a browser does that is short of memory.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> KillWorkersAsync() => (int)(await OrderAsync(new { op = "killWorkers" }))!;

    /// <param name="how">Closed by the person, or crashed.</param>
    internal Task EndAsync(Tab tab, string how)
    {
        _tabs.TryRemove(tab.Number, out _);
        return OrderAsync(new { op = how, page = tab.Number });
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
        if (Interlocked.Exchange(ref _closed, 1) == 1) return;
        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            // It hangs, which the test has said by now; the servers around it are to be ended all the same.
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
            if (answer["error"] is { } error) order.SetException(new InvalidOperationException($"The browser: {error}"));
            else order.SetResult(answer["value"]);
        }
        var said = await _errors;
        foreach (var order in _orders.Values) order.TrySetException(new InvalidOperationException($"The browser did not start, or ended (firefox-esr, chromium, Node and Notifier.Tests/node_modules are needed; ./dev test installs them): {said}"));
    }
}

/// <summary>A tab of a <see cref="BrowserProcess"/>.</summary>
internal sealed class Tab(BrowserProcess browser, int number)
{
    public int Number => number;

    /// <returns>What an expression gives, or the promise it gives.</returns>
    public Task<JsonNode?> EvaluateAsync(string script) => browser.OrderAsync(new { op = "evaluate", page = number, script });

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

    /// <summary>What breaks a rule of accessibility that a program can check (axe-core).</summary>
    /// <param name="part">Of the page, as an expression.</param>
    public async Task<JsonArray> AccessibilityFaultsAsync(string part = "document")
    {
        var axe = await File.ReadAllTextAsync(Path.Combine(NodeScript.Folder, "node_modules", "axe-core", "axe.min.js"), TestContext.Current.CancellationToken);
        await EvaluateAsync($"{axe}; null");
        return (JsonArray)(await EvaluateAsync($"axe.run({part}).then(r => r.violations.map(v => `${{v.id}}: ${{v.nodes.map(n => n.target + ' ' + n.any.map(a => a.message)).join(', ')}}`))"))!;
    }

    public Task ToFrontAsync() => browser.OrderAsync(new { op = "front", page = number });

    public Task TypeAsync(string selector, string text) => browser.OrderAsync(new { op = "type", page = number, selector, text });

    public Task PressAsync(string key) => browser.OrderAsync(new { op = "press", page = number, key });

    public Task ClickAsync(string selector) => browser.OrderAsync(new { op = "click", page = number, selector });

    /// <summary>Clicks, and waits for the page it leads to.</summary>
    public Task ClickThroughAsync(string selector) => browser.OrderAsync(new { op = "leave", page = number, selector });

    /// <summary>Presses a key on what has the focus, and waits for the page it leads to.</summary>
    public Task PressThroughAsync(string key) => browser.OrderAsync(new { op = "leave", page = number, key });

    public Task ReloadAsync() => browser.OrderAsync(new { op = "reload", page = number });

    public Task CloseAsync() => browser.EndAsync(this, "close");

    /// <summary>The process that draws the page ends at once.</summary>
    public Task CrashAsync() => browser.EndAsync(this, "crash");

    /// <param name="scheme"><c>light</c> or <c>dark</c>.</param>
    public Task SizeAsync(int width, int height, string scheme) => browser.OrderAsync(new { op = "media", page = number, width, height, scheme });

    public Task ScreenshotAsync(string file) => browser.OrderAsync(new { op = "screenshot", page = number, file });
}
