using System.Text.Json;
using System.Text.Json.Nodes;

namespace Notifier.Faults.Driving;

/// <summary>What the driver did, and when: a file that is only appended to. The checker reads it, and believes nobody else's memory.</summary>
internal sealed class DriverLog(string path) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly StreamWriter _file = new(path, append: true) { AutoFlush = true };

    /// <summary>Now, in Unix seconds.</summary>
    public static double Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    public void Write(string what, object? details = null)
    {
        var line = (JsonObject?)JsonSerializer.SerializeToNode(details) ?? [];
        line["what"] = what;
        line["at"] = Now;
        lock (_lock) _file.WriteLine(line.ToJsonString());
    }

    public void Dispose() => _file.Dispose();
}
