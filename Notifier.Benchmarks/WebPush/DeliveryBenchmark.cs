using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Notifier.Domain.WebPush;

namespace Notifier.Benchmarks.WebPush;

/// <summary>From the outbox of a real worker to a push service over HTTP/2, beside npm's web-push sending to the same server.</summary>
internal static class DeliveryBenchmark
{
    private const int Rounds = 5, Devices = 10_000, ConversationsEach = 4, NpmMessages = 3000, InFlight = 2000;

    public static async Task<int> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("notifier-bench-").FullName;
        var (pfx, pem) = Certificate(folder);
        var self = Environment.ProcessPath!;
        Environment.SetEnvironmentVariable("NODE_EXTRA_CA_CERTS", pem);
        Environment.SetEnvironmentVariable("SSL_CERT_FILE", pem);
        using var server = Process.Start(new ProcessStartInfo(self, ["webpush-server", pfx]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var origin = (await server.StandardOutput.ReadLineAsync())!;
        using var asking = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator }) { BaseAddress = new Uri(origin) };
        using var npm = new Side("npm web-push", "Notifier.Benchmarks", "node", "WebPush/npm_sender.mjs", origin);
        await using var database = await Database.CreateAsync();
        using var worker = await WorkerSide.StartAsync(database, Settings());
        await RegisterAsync(database, origin);

        var (ours, theirs, cpu, theirCpu) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        Console.WriteLine($"Outbox to push service, {Devices * ConversationsEach} push messages a round, {InFlight} in flight; npm {NpmMessages} a round, 200 in flight; wall-clock time");
        await npm.RoundAsync(500);
        for (var round = 0; round < Rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            theirCpu.Add(await npm.RoundAsync(NpmMessages));
            theirs.Add(NpmMessages / clock.Elapsed.TotalSeconds);

            await FillAsync(database, origin, round);
            var (before, cpuBefore) = (await SentAsync(asking), worker.CpuTime);
            clock.Restart();
            await database.RunAsync("UPDATE notifier.push_origin SET held_until = NULL");
            long sent;
            while ((sent = await SentAsync(asking) - before) < Devices * ConversationsEach)
            {
                if (clock.Elapsed > TimeSpan.FromMinutes(3)) throw new InvalidOperationException($"only {sent} push messages arrived");
                await Task.Delay(10);
            }
            ours.Add(sent / clock.Elapsed.TotalSeconds);
            cpu.Add(sent / (worker.CpuTime - cpuBefore).TotalSeconds);
            while (await database.CountAsync("SELECT count(*) FROM notifier.push_outbox") > 0) await Task.Delay(50);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  after {(round + 1) * Devices * ConversationsEach,7}: {ours[^1],6:0}/s ({cpu[^1]:0} a second of the worker's CPU time), npm {theirs[^1],5:0}/s ({theirCpu[^1]:0}); worker {worker.Megabytes:0} MB, {worker.Threads} threads"));
        }
        Console.WriteLine($"  connections to the push service in all, npm's among them: {(await asking.GetStringAsync("/")).Split(' ')[1]}");
        Sides.Ratio("sent from the outbox", "npm web-push", ours.Zip(theirs, (a, b) => a / b).Median());
        Sides.Ratio("sent from the outbox in a second of CPU time", "npm web-push", cpu.Zip(theirCpu, (a, b) => a / b).Median());
        server.StandardInput.Close();
        Directory.Delete(folder, recursive: true);
        return 0;
    }

    private static Dictionary<string, string> Settings()
    {
        var keys = VapidKeys.Generate();
        return new()
        {
            ["WebPush__PublicKey"] = keys.PublicKey,
            ["WebPush__PrivateKey"] = keys.PrivateKey,
            ["WebPush__Subject"] = "mailto:bench@notifier.example",
            ["WebPush__AllowLoopback"] = "true",
            ["WebPush__Concurrency"] = $"{InFlight}",
        };
    }

    private static async Task<long> SentAsync(HttpClient asking) => long.Parse((await asking.GetStringAsync("/")).Split(' ')[0], CultureInfo.InvariantCulture);

    private static async Task RegisterAsync(Database database, string origin)
    {
        var points = new byte[Devices][];
        for (var i = 0; i < Devices; i++)
        {
            using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
            points[i] = P256Point.Export(key.ExportParameters(false).Q);
        }
        await database.RunAsync(
            """
            INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth)
            SELECT 'bench', 'r' || n, $1 || '/push/' || n, $1, point, decode(md5(n::text), 'hex') FROM unnest($2) WITH ORDINALITY AS p(point, n)
            """, origin, points);
    }

    /// <summary>Messages that nobody took, by the door of the database; the push service is on hold until all of them are decided.</summary>
    private static async Task FillAsync(Database database, string origin, int round)
    {
        await database.RunAsync(
            """
            INSERT INTO notifier.push_origin (site, origin, held_until) VALUES ('bench', $1, notifier.now() + interval '1 day')
            ON CONFLICT (site, origin) DO UPDATE SET held_until = excluded.held_until
            """, origin);
        for (var i = 0; i < ConversationsEach; i++)
            await database.RunAsync(
                """
                SELECT notifier.publish(jsonb_build_object('specversion', '1.0', 'id', $1, 'source', '/sites/bench/relay', 'type', 'message.outcome', 'data', jsonb_build_object(
                  'site', 'bench',
                  'message', jsonb_build_object('id', $1, 'conversation', $1, 'seq', 1, 'kind', 'direct', 'sender', jsonb_build_object('id', 'ada', 'name', 'Ada'),
                                                'text', repeat('x', 60), 'sentAt', to_jsonb(now()), 'url', 'https://bench.example/messages/' || $1),
                  'recipients', (SELECT jsonb_agg(jsonb_build_object('id', 'r' || n, 'outcome', 'undelivered', 'presence', 'offline')) FROM generate_series(1, $2) AS n))))
                """, $"m{round}-{i}", Devices);
        var clock = Stopwatch.StartNew();
        while (await database.CountAsync("SELECT count(*) FROM notifier.push_outbox") < Devices * ConversationsEach)
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(3)) throw new InvalidOperationException("the outbox does not fill");
            await Task.Delay(100);
        }
    }

    /// <summary>One that only this run trusts.</summary>
    private static (string Pfx, string Pem) Certificate(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        var (pfx, pem) = (Path.Combine(folder, "server.pfx"), Path.Combine(folder, "ca.pem"));
        File.WriteAllBytes(pfx, certificate.Export(X509ContentType.Pfx));
        File.WriteAllText(pem, certificate.ExportCertificatePem());
        return (pfx, pem);
    }
}
