using System.Diagnostics;
using System.Globalization;

namespace Notifier.Benchmarks.Relay;

/// <summary>
/// <c>./dev bench relay</c>: deliveries in a second of the server's CPU time, with and without acknowledgements; resident memory of an idle connection; and the
/// time from publish to receive. Beside npm's ws, socket.io, SignalR, and write() in a loop.
/// </summary>
internal static class RelayBenchmark
{
    /// <summary>Servers run for days: what their compilers do in the first seconds is not counted, of none of them.</summary>
    private const int WarmUps = 10;

    /// <summary>By then the relay has asked again for what nobody acknowledged, and told what became of it; which falls into the turns of others.</summary>
    private static readonly TimeSpan Decision = TimeSpan.FromSeconds(10);

    private const int Clients = 1000, Group = 100, Rounds = 7, Messages = 500, Idle = 5000;

    public static async Task<int> RunAsync()
    {
        await using var database = await Database.CreateAsync();
        await MigrateAsync(database);
        using (var servers = new Servers(database))
        {
            await servers.StartAllAsync();
            await ThroughputAsync(servers, acknowledges: false);
            await ThroughputAsync(servers, acknowledges: true);
            await LatencyAsync(servers);
        }
        await MemoryAsync(database);
        return 0;
    }

    private static async Task ThroughputAsync(Servers servers, bool acknowledges)
    {
        var rates = servers.All.ToDictionary(s => s.Server, _ => new List<double>());
        foreach (var (_, crowd) in servers.All) crowd.Acknowledges = acknowledges;
        var before = new Dictionary<RelayServer, TimeSpan>();
        for (var round = -WarmUps; round < Rounds; round++)
        {
            if (round == 0) before = servers.All.ToDictionary(s => s.Server, s => s.Server.CpuTime);
            foreach (var (server, crowd) in servers.All)
            {
                var rate = await RoundAsync(server, crowd, Messages);
                if (round >= 0) rates[server].Add(rate);
            }
        }
        await Task.Delay(Decision);
        var whole = servers.All.ToDictionary(s => s.Server, s => Rounds * Messages * Group / (s.Server.CpuTime - before[s.Server]).TotalSeconds);

        var what = acknowledges ? "deliveries with acknowledgements" : "deliveries";
        Console.WriteLine($"{what} in a second of the server's CPU time: 400 bytes to {Group} of {Clients} connections, median of {Rounds} rounds in turn; and of all rounds, with what follows them within {Decision.TotalSeconds:0} s");
        foreach (var (server, all) in rates) Console.WriteLine($"  {server.Name,-24} {all.Median(),9:0}   ({all.Min():0} to {all.Max():0})   {whole[server],9:0}");
        foreach (var (server, all) in rates)
            if (server != servers.Ours) Sides.Ratio(what, server.Name, rates[servers.Ours].Zip(all, (ours, theirs) => ours / theirs).Median());
        Sides.Ratio($"{what}, with what follows", Servers.WsName, whole[servers.Ours] / whole[servers.All.Single(s => s.Server.Name == Servers.WsName).Server]);
    }

    /// <returns>Deliveries in a second of CPU time.</returns>
    private static async Task<double> RoundAsync(RelayServer server, Crowd crowd, int messages)
    {
        var before = server.CpuTime;
        var expected = crowd.Received + messages * Group;
        var next = 0;
        var run = Guid.NewGuid();
        async Task PublishAsync()
        {
            for (int n; (n = Interlocked.Increment(ref next)) <= messages;) await server.PublishAsync($"{run}-{n}", n * Group, Group, Clients);
        }
        // The limit writes to its one publisher only; elsewhere four publish at once.
        await Task.WhenAll(Enumerable.Range(0, server.Dialect is null ? 1 : 4).Select(_ => PublishAsync()));
        await crowd.WaitForAsync(expected);
        await Task.Delay(200); // for what follows the last delivery: acknowledgements, and what is done with them
        return messages * Group / (server.CpuTime - before).TotalSeconds;
    }

    private static async Task LatencyAsync(Servers servers)
    {
        const int perSecond = 50, seconds = 4;
        Console.WriteLine($"publish to receive at {perSecond * Group} deliveries/s, milliseconds: p50, p99 of {Rounds - 2} rounds in turn");
        var rounds = servers.All.Where(s => s.Server.Dialect is not null).ToDictionary(s => s.Server, _ => new List<(double P50, double P99)>());
        for (var round = 0; round < Rounds - 2; round++)
            foreach (var (server, crowd) in servers.All)
                if (server.Dialect is not null) rounds[server].Add(await SteadyPace.RunAsync(crowd, perSecond, seconds, Group, (id, n) => server.PublishAsync(id, n * Group, Group, Clients)));
        foreach (var (server, all) in rounds)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {server.Name,-24} {all.Select(r => r.P50).Median(),7:0.0} {all.Select(r => r.P99).Median(),7:0.0}"));
        foreach (var (server, all) in rounds)
            if (server != servers.Ours) Sides.Ratio("publish to receive, p99", server.Name, rounds[servers.Ours].Zip(all, (ours, theirs) => ours.P99 / theirs.P99).Median());
    }

    private static async Task MemoryAsync(Database database)
    {
        var each = new Dictionary<string, double>();
        using var servers = new Servers(database);
        foreach (var start in servers.Starts)
        {
            using var server = await start();
            using (await Crowd.ConnectAsync(server.Port, server.Dialect, 200))
            {
                // The code is compiled and the pools are filled before the count begins.
            }
            await Task.Delay(2000);
            var before = server.Kilobytes;
            using var crowd = await Crowd.ConnectAsync(server.Port, server.Dialect, Idle);
            await Task.Delay(3000);
            each[server.Name] = (server.Kilobytes - before) / Idle;
        }
        Console.WriteLine($"resident memory of an idle connection, kB, at {Idle}");
        foreach (var (name, kilobytes) in each) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-24} {kilobytes,7:0.0}"));
        foreach (var (name, kilobytes) in each)
            if (name != Servers.OurName && name != Servers.LimitName) Sides.Ratio("resident memory of an idle connection", name, each[Servers.OurName] / kilobytes);
        Sides.Ratio("resident memory of an idle connection", "10 kB", each[Servers.OurName] / 10);
    }

    public static async Task MigrateAsync(Database database)
    {
        using var migrate = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Notifier.Worker.dll"), "migrate"])
        {
            RedirectStandardOutput = true,
            Environment = { ["ConnectionStrings__Notifier"] = database.ConnectionString },
        })!;
        await migrate.StandardOutput.ReadToEndAsync();
        await migrate.WaitForExitAsync();
    }

    /// <param name="nats">Over which it speaks to other nodes; null: by way of the database.</param>
    public static Task<RelayServer> StartOursAsync(Database database, string? nats = null) => RelayServer.StartAsync(Servers.OurName, Dialect.Ours, "Now listening on", new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["Relay__Urls"] = "http://127.0.0.1:{port}",
        ["ConnectionStrings__Notifier"] = database.ConnectionString,
        ["Connect__SigningKey"] = ConnectTokens.Key,
        ["Intake__ApiKeys__0"] = RelayServer.ApiKey,
        ["Nats__Url"] = nats ?? "",
        ["Limits__PerKey"] = "1000000",
        ["Relay__ConnectsPerSecond"] = "1000000",
        ["Relay__FramesPerSecond"] = "1000000",
        ["Relay__FrameBurst"] = "1000000",
    }, "dotnet", Path.Combine(AppContext.BaseDirectory, "Notifier.Relay.dll"));

    /// <summary>The servers, and a crowd at each.</summary>
    private sealed class Servers(Database database) : IDisposable
    {
        public const string OurName = "this relay", WsName = "npm ws", LimitName = "write() in a loop, in C";

        public List<(RelayServer Server, Crowd Crowd)> All { get; } = [];

        public RelayServer Ours => All[0].Server;

        public Func<Task<RelayServer>>[] Starts =>
        [
            () => StartOursAsync(database),
            () => RelayServer.StartAsync(WsName, Dialect.Ws, "ready", null, "node", "Notifier.Benchmarks/Relay/ws_server.mjs", "{port}"),
            () => RelayServer.StartAsync("socket.io", Dialect.SocketIo, "ready", null, "node", "Notifier.Benchmarks/Relay/socketio_server.mjs", "{port}"),
            () => RelayServer.StartAsync("SignalR", Dialect.SignalR, "ready", null, Environment.ProcessPath!, "relay-signalr", "{port}"),
            () => RelayServer.StartAsync(LimitName, null, "ready", null, Environment.GetEnvironmentVariable("BENCH_FANOUT_LIMIT") ?? throw new InvalidOperationException("run it by ./dev bench relay"), "{port}"),
        ];

        public async Task StartAllAsync()
        {
            foreach (var start in Starts)
            {
                var server = await start();
                All.Add((server, await Crowd.ConnectAsync(server.Port, server.Dialect, Clients)));
            }
        }

        public void Dispose()
        {
            foreach (var (server, crowd) in All)
            {
                crowd.Dispose();
                server.Dispose();
            }
        }
    }
}
