using System.Diagnostics;
using System.Net;
using System.Text;

namespace Notifier.Tests.Fixtures;

/// <summary>The worker or the relay as its users run it: a process of its own, with settings in its environment, on a port that it was given by the system where they name none.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly string _name;

    private ServiceProcess(string program, IReadOnlyDictionary<string, string> settings, string[] arguments)
    {
        _name = program.ToLowerInvariant();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, $"Notifier.{program}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment[$"{program}__Urls"] = "http://127.0.0.1:0";
        foreach (var (name, value) in settings) start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public HttpClient Client { get; private set; } = null!;

    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    public int Id => _process.Id;

    /// <summary>Starts the worker and returns when it is ready.</summary>
    public static Task<ServiceProcess> StartWorkerAsync(IReadOnlyDictionary<string, string> settings) => new ServiceProcess("Worker", settings, []).ReadyAsync();

    /// <summary>Starts a relay and returns when it is ready.</summary>
    public static Task<ServiceProcess> StartRelayAsync(IReadOnlyDictionary<string, string> settings) => new ServiceProcess("Relay", settings, []).ReadyAsync();

    private async Task<ServiceProcess> ReadyAsync()
    {
        var ended = _process.WaitForExitAsync();
        if (await Task.WhenAny(_listening.Task, ended).WaitAsync(Patience) == ended) Assert.Fail($"The {_name} ended at once:\n{Output}");
        Client = new HttpClient { BaseAddress = await _listening.Task };
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using var answer = await Client.GetAsync("/health/ready");
            if (answer.StatusCode == HttpStatusCode.OK) return this;
            if (clock.Elapsed > Patience) Assert.Fail($"The {_name} is not ready: {await answer.Content.ReadAsStringAsync()}\n{Output}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Runs one of the worker's commands to its end.</summary>
    public static async Task<(int Status, string Output)> RunAsync(IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        await using var worker = new ServiceProcess("Worker", settings, arguments);
        await worker._process.WaitForExitAsync().WaitAsync(Patience);
        worker._process.WaitForExit(); // for the last lines of its output
        return (worker._process.ExitCode, worker.Output);
    }

    /// <summary>Waits for words in its output.</summary>
    public async Task SaidAsync(string words)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var clock = Stopwatch.StartNew(); !Output.Contains(words, StringComparison.Ordinal); await timer.WaitForNextTickAsync())
            if (clock.Elapsed > Patience) Assert.Fail($"The {_name} does not say “{words}”:\n{Output}");
    }

    /// <summary>SIGKILL: no goodbye, nothing is finished.</summary>
    public void KillHard()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM, as at a deployment.</summary>
    /// <returns>The exit status.</returns>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Client?.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
        const string listening = "Now listening on: ";
        if (line.IndexOf(listening, StringComparison.Ordinal) is >= 0 and var at) _listening.TrySetResult(new Uri(line[(at + listening.Length)..].Trim().TrimEnd('"', '}')));
    }
}
