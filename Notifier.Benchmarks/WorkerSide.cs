using System.Diagnostics;

namespace Notifier.Benchmarks;

/// <summary>The worker as its users run it, in a process of its own.</summary>
internal sealed class WorkerSide : IDisposable
{
    private readonly Process _process;

    private WorkerSide(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public double Megabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1e6;
        }
    }

    public int Threads
    {
        get
        {
            _process.Refresh();
            return _process.Threads.Count;
        }
    }

    public static async Task<WorkerSide> StartAsync(Database database, IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Notifier.Worker.dll")]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["Worker__Urls"] = "http://127.0.0.1:0";
        start.Environment["ConnectionStrings__Notifier"] = database.ConnectionString;
        start.Environment["Links__BaseUrl"] = "http://127.0.0.1:5080";
        start.Environment["Links__SigningKey"] = new string('k', 32);
        start.Environment["Logging__LogLevel__Notifier"] = "Warning";
        foreach (var (name, value) in settings) start.Environment[name] = value;

        using var migrate = Process.Start(new ProcessStartInfo(start.FileName, [.. start.ArgumentList, "migrate"]) { RedirectStandardOutput = true, Environment = { ["ConnectionStrings__Notifier"] = database.ConnectionString } })!;
        await migrate.StandardOutput.ReadToEndAsync();
        await migrate.WaitForExitAsync();
        if (migrate.ExitCode != 0) throw new InvalidOperationException("the migrations failed; their words are above");

        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.Contains("Now listening on", StringComparison.Ordinal)) continue;
            _ = process.StandardOutput.ReadToEndAsync();
            return new WorkerSide(process, new Uri(line[line.LastIndexOf("http://", StringComparison.Ordinal)..].TrimEnd('"', '}', ' ')));
        }
        throw new InvalidOperationException("the worker ended; its words are above");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
