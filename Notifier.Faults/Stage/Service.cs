using System.Diagnostics;
using System.Globalization;
using System.Net;
using Notifier.Tests.Fixtures;

namespace Notifier.Faults.Stage;

/// <summary>The built worker, or relay, as a process that can be killed, stopped and started again on the same port.</summary>
internal sealed class Service(string name, string dll, IReadOnlyDictionary<string, string> settings, string log) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private Process? _process;

    public string Name => name;

    public Uri Address { get; } = new(settings.Single(s => s.Key.EndsWith("__Urls", StringComparison.Ordinal)).Value);

    public bool Runs => _process is { HasExited: false };

    /// <summary>What it holds in memory.</summary>
    public double Megabytes
    {
        get
        {
            _process!.Refresh();
            return _process.WorkingSet64 / 1048576.0;
        }
    }

    /// <summary>A gauge without labels of its <c>/metrics</c>.</summary>
    public async Task<double> MetricAsync(string name)
    {
        var lines = (await Http.GetStringAsync(new Uri(Address, "/metrics"))).Split('\n');
        var line = lines.First(l => l.StartsWith(name, StringComparison.Ordinal) && l.Length > name.Length && l[name.Length] is ' ' or '{');
        return double.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 1)..].Replace(name, "", StringComparison.Ordinal).Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Starts it, and returns when it is ready.</summary>
    public async Task StartAsync()
    {
        Launch();
        var clock = Stopwatch.StartNew();
        while (!await IsReadyAsync())
        {
            if (!Runs) throw new InvalidOperationException($"{name} ended at its start: {await File.ReadAllTextAsync(log)}");
            if (clock.Elapsed > Patience) throw new TimeoutException($"{name} is not ready after {Patience.TotalSeconds} s; see {log}");
            await Task.Delay(50);
        }
    }

    /// <summary>SIGKILL: no goodbye, nothing is finished.</summary>
    public void Kill()
    {
        if (!Runs) return;
        _process!.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGSTOP: it stands still and knows nothing of it.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>SIGTERM, as at a deployment; returns when it has ended.</summary>
    /// <returns>The exit status.</returns>
    public async Task<int> TerminateAsync()
    {
        await SignalAsync("TERM");
        await _process!.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        _process?.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Launch()
    {
        var start = new ProcessStartInfo("sh", ["-c", "exec dotnet \"$0\" >>\"$1\" 2>&1 </dev/null", dll, log]);
        foreach (var (setting, value) in settings) start.Environment[setting] = value;
        _process?.Dispose();
        _process = Process.Start(start)!;
        Reaper.Remember(_process.Id);
    }

    private Task<string> SignalAsync(string signal) => Tool.RunAsync("/", "kill", $"-{signal}", $"{_process!.Id}");

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(Address, "/health/ready"));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
