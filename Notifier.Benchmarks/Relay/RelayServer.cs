using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Notifier.Benchmarks.Relay;

/// <summary>One server to compare: a process of its own, how to start it and how to talk to it.</summary>
internal sealed class RelayServer : IDisposable
{
    public const string ApiKey = "bench-api-key-0123456789";

    private readonly Process _process;
    private readonly HttpClient _http;
    private Socket? _limit;

    private RelayServer(string name, Dialect? dialect, int port, Process process)
    {
        (Name, Dialect, Port, _process) = (name, dialect, port, process);
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        _http.DefaultRequestHeaders.Add("Authorization", $"Bearer {ApiKey}");
    }

    public string Name { get; }

    /// <summary>Null: the limit.</summary>
    public Dialect? Dialect { get; }

    public int Port { get; }

    /// <summary>User and system time of the process, of all its threads.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Resident memory that is its own, not of files.</summary>
    public double Kilobytes => double.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);

    /// <param name="command">With <c>{port}</c> where the port goes.</param>
    public static async Task<RelayServer> StartAsync(string name, Dialect? dialect, string readyLine, Dictionary<string, string>? settings, params string[] command)
    {
        var port = FreePort();
        string With(string text) => text.Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var start = new ProcessStartInfo(command[0], [.. command[1..].Select(With)]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var (setting, value) in settings ?? []) start.Environment[setting] = With(value);
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.Contains(readyLine, StringComparison.Ordinal)) continue;
            _ = process.StandardOutput.ReadToEndAsync();
            return new RelayServer(name, dialect, port, process);
        }
        throw new InvalidOperationException($"{name} ended; its words are above");
    }

    /// <summary>A message of 400 bytes to so many of the crowd.</summary>
    public async Task PublishAsync(string id, int first, int group, int crowd)
    {
        if (Dialect is null)
        {
            await AskLimitAsync();
            return;
        }
        var body = JsonSerializer.Serialize(new
        {
            site = "acme",
            id,
            to = Enumerable.Range(0, group).Select(n => $"u-{(first + n) % crowd}"),
            kind = "group",
            conversation = "c-1",
            seq = 1,
            sender = new { id = "sender" },
            text = Text,
        });
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri("/v1/publish", UriKind.Relative), content);
        if ((int)answer.StatusCode != 202) throw new InvalidOperationException($"{Name}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>A counter of its metrics; 0 while there is no such series.</summary>
    public async Task<long> CounterAsync(string series)
    {
        var scrape = await _http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return scrape.Split('\n').FirstOrDefault(l => l.StartsWith($"{series} ", StringComparison.Ordinal)) is { } line ? long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>That the sender types, to one of the crowd.</summary>
    public async Task TypeAsync(int to)
    {
        using var content = new StringContent($$"""{"site":"acme","conversation":"c-1","from":"sender","to":["u-{{to}}"]}""", Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri("/v1/typing", UriKind.Relative), content);
        if ((int)answer.StatusCode != 204) throw new InvalidOperationException($"{Name}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    public void Dispose()
    {
        _limit?.Dispose();
        _http.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static readonly string Text = new('x', 400);

    private async Task AskLimitAsync()
    {
        if (_limit is null)
        {
            _limit = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await _limit.ConnectAsync(System.Net.IPAddress.Loopback, Port);
        }
        var one = new byte[1] { (byte)'p' };
        await _limit.SendAsync(one);
        await _limit.ReceiveAsync(one);
    }

    public static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        return ((System.Net.IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
