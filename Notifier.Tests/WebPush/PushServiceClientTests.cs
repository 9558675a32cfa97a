using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;
using Notifier.Worker.WebPush;

namespace Notifier.Tests.WebPush;

/// <summary>The client against a push service on loopback, over real sockets.</summary>
public sealed class PushServiceClientTests
{
    private static readonly string Topic = PushTopic.Of(new byte[32], "acme", "c-9");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_push_message_arrives_as_the_RFCs_say_and_the_user_agent_reads_it()
    {
        await using var service = await LoopbackPushService.StartAsync(Answers(201));
        using var userAgent = new UserAgent($"http://127.0.0.1:{service.Port}/push/1");
        using var client = Client();

        var outcome = await client.SendAsync(userAgent.Subscription, Message("Is it still available?"), Cancellation);

        Assert.Equal(PushResult.Accepted, outcome.Result);
        var request = Assert.Single(service.Requests);
        Assert.Equal("POST", request.Method);
        Assert.Equal("/push/1", request.Path);
        Assert.Equal("Is it still available?", Encoding.UTF8.GetString(userAgent.Decrypt(request.Body)));
        Assert.Equal("aes128gcm", request.Headers["Content-Encoding"]);
        Assert.Equal(request.Body.Length.ToString(CultureInfo.InvariantCulture), request.Headers["Content-Length"]);
        Assert.Equal("90", request.Headers["TTL"]);
        Assert.Equal("high", request.Headers["Urgency"]);
        Assert.Equal(Topic, request.Headers["Topic"]);
        var claims = VapidTests.Verify(request.Headers["Authorization"]);
        Assert.Equal($"http://127.0.0.1:{service.Port}", claims.GetProperty("aud").GetString());
        Assert.DoesNotContain("Transfer-Encoding", request.Headers.Keys);
        Assert.DoesNotContain("traceparent", request.Headers.Keys, StringComparer.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(200, PushResult.Accepted)]
    [InlineData(201, PushResult.Accepted)]
    [InlineData(202, PushResult.Accepted)]
    [InlineData(302, PushResult.Redirected)]
    [InlineData(307, PushResult.Redirected)]
    [InlineData(400, PushResult.Rejected)]
    [InlineData(401, PushResult.Unauthorized)]
    [InlineData(403, PushResult.Unauthorized)]
    [InlineData(404, PushResult.SubscriptionGone)]
    [InlineData(406, PushResult.SlowDown)]
    [InlineData(410, PushResult.SubscriptionGone)]
    [InlineData(413, PushResult.TooLarge)]
    [InlineData(429, PushResult.SlowDown)]
    [InlineData(500, PushResult.Transient)]
    [InlineData(503, PushResult.Transient)]
    public async Task Every_answer_becomes_its_outcome_in_one_request(int status, PushResult result)
    {
        await using var service = await LoopbackPushService.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            context.Response.Headers.RetryAfter = "120";
            if (status >= 400) await context.Response.WriteAsync("the reason");
        });

        var outcome = await SendToAsync(service);

        Assert.Equal(result, outcome.Result);
        Assert.Equal(TimeSpan.FromSeconds(120), outcome.RetryAfter);
        Assert.Equal(status >= 400 ? $"{status} the reason" : $"{status}", outcome.Answer);
        Assert.Single(service.Requests); // neither followed nor tried again
    }

    [Fact]
    public async Task A_push_service_that_never_answers_is_transient_after_the_timeout()
    {
        await using var service = await LoopbackPushService.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        Assert.Equal(new PushOutcome(PushResult.Transient, Answer: "no answer in time"), await SendToAsync(service, TimeSpan.FromMilliseconds(500)));
    }

    [Fact]
    public async Task A_status_counts_even_if_its_text_never_ends()
    {
        await using var service = await LoopbackPushService.StartAsync(async context =>
        {
            context.Response.StatusCode = 410;
            await context.Response.WriteAsync("gone");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        Assert.Equal(new PushOutcome(PushResult.SubscriptionGone, Answer: "410 gone"), await SendToAsync(service, TimeSpan.FromMilliseconds(500)));
    }

    [Fact]
    public async Task An_answer_that_drips_in_is_waited_for_until_the_timeout_and_no_longer()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var end = new CancellationTokenSource();
        var dripping = DripAsync();
        Assert.Equal(
            new PushOutcome(PushResult.Transient, Answer: "no answer in time"), await SendToAsync(((IPEndPoint)listener.LocalEndpoint).Port, TimeSpan.FromMilliseconds(500)));
        await end.CancelAsync();
        await dripping;

        async Task DripAsync()
        {
            using var client = await listener.AcceptTcpClientAsync(end.Token);
            try
            {
                foreach (var letter in "HTTP/1.1 201 Created\r\n"u8.ToArray().Concat(Enumerable.Repeat((byte)'x', 10_000)))
                {
                    await client.GetStream().WriteAsync(new[] { letter }, end.Token);
                    await Task.Delay(50, end.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The client has gone, as it should.
            }
        }
    }

    [Fact]
    public async Task Of_an_answer_of_two_megabytes_the_beginning_is_read_and_the_next_message_goes_out()
    {
        var first = true;
        await using var service = await LoopbackPushService.StartAsync(async context =>
        {
            var isFirst = first;
            first = false;
            context.Response.StatusCode = isFirst ? 400 : 201;
            if (isFirst) await context.Response.Body.WriteAsync(new byte[2_000_000], context.RequestAborted);
        });
        using var client = Client();
        using var userAgent = new UserAgent($"http://127.0.0.1:{service.Port}/push/1");
        Assert.Equal(PushResult.Rejected, (await client.SendAsync(userAgent.Subscription, Message("hello"), Cancellation)).Result);
        Assert.Equal(PushResult.Accepted, (await client.SendAsync(userAgent.Subscription, Message("hello"), Cancellation)).Result);
    }

    [Fact]
    public async Task A_push_service_that_says_GOAWAY_after_every_answer_loses_nothing()
    {
        await using var service = await LoopbackPushService.StartAsync(
            context =>
            {
                context.Connection.RequestClose(); // HTTP/2: GOAWAY
                context.Response.StatusCode = 201;
                return Task.CompletedTask;
            },
            tls: true);
        var leaps = 0;
        using var client = Client(connect: Leaping(service, () => Interlocked.Increment(ref leaps)), trusted: service.Certificate);
        using var userAgent = new UserAgent();
        for (var round = 0; round < 5; round++)
        {
            // One that the close overtakes is transient, and so sent again.
            var left = Enumerable.Range(20 * round, 20).ToArray();
            while (left.Length > 0)
            {
                var outcomes = await Task.WhenAll(left.Select(async n => (n, Outcome: await client.SendAsync(userAgent.Subscription, Message($"{n}"), Cancellation))));
                Assert.All(outcomes, o => Assert.True(o.Outcome.Result is PushResult.Accepted or PushResult.Transient, o.Outcome.ToString()));
                left = [.. outcomes.Where(o => o.Outcome.Result == PushResult.Transient).Select(o => o.n)];
            }
        }
        Assert.True(leaps > 1, "the connection was never closed");
        Assert.Equal(Enumerable.Range(0, 100), service.Requests.Select(r => int.Parse(Encoding.UTF8.GetString(userAgent.Decrypt(r.Body)), CultureInfo.InvariantCulture)).Distinct().Order());
    }

    [Fact]
    public async Task A_reset_instead_of_an_answer_is_transient()
    {
        await using var service = await LoopbackPushService.StartAsync(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        Assert.Equal(PushResult.Transient, (await SendToAsync(service)).Result);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_transient()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        Assert.Equal(new PushOutcome(PushResult.Transient, Answer: "ConnectionError"), await SendToAsync(port));
    }

    [Fact]
    public async Task Being_told_to_stop_is_not_an_outcome()
    {
        await using var service = await LoopbackPushService.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var stop = new CancellationTokenSource();
        using var client = Client();
        using var userAgent = new UserAgent($"http://127.0.0.1:{service.Port}/push/1");
        var sending = client.SendAsync(userAgent.Subscription, Message("hello"), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task An_answer_that_repeats_the_request_tells_neither_endpoint_nor_token()
    {
        const string path = "/wpush/v2/gAAAAABoVJx9tq3Yb0nXkZ8w_qPzT4Jt2LkR";
        await using var service = await LoopbackPushService.StartAsync(async context =>
        {
            context.Response.StatusCode = 403;
            await context.Response.WriteAsync($"Bad token\r\n{context.Request.Headers.Authorization} for {context.Request.Path} at http://127.0.0.1{context.Request.Path}: BadJwtToken");
        });
        var answer = (await SendToAsync(service.Port, path: path)).Answer;
        Assert.Equal("403 Bad token vapid t=[removed], k=[removed] for [removed] at [url] BadJwtToken", answer.Replace("vapid [removed], [removed]", "vapid t=[removed], k=[removed]"));
    }

    [Fact]
    public async Task Of_a_long_answer_the_beginning_is_kept_and_of_WNS_its_headers()
    {
        await using var service = await LoopbackPushService.StartAsync(async context =>
        {
            context.Response.StatusCode = 400;
            context.Response.Headers["X-WNS-Error-Description"] = "the cloud service is not authorized";
            await context.Response.WriteAsync(string.Concat(Enumerable.Repeat("blah ", 100_000)));
        });
        var answer = (await SendToAsync(service)).Answer;
        Assert.StartsWith("400 X-WNS-Error-Description: the cloud service is not authorized blah blah", answer);
        Assert.Equal(PushAnswer.MaxLength, answer.Length - "400 ".Length, 2.0);
    }

    [Fact]
    public async Task A_cookie_is_not_carried_from_one_recipient_to_the_next()
    {
        await using var service = await LoopbackPushService.StartAsync(context =>
        {
            context.Response.StatusCode = 201;
            context.Response.Headers.SetCookie = "who=first";
            return Task.CompletedTask;
        });
        using var client = Client();
        foreach (var n in new[] { 1, 2 })
        {
            using var userAgent = new UserAgent($"http://127.0.0.1:{service.Port}/push/{n}");
            Assert.Equal(PushResult.Accepted, (await client.SendAsync(userAgent.Subscription, Message("hello"), Cancellation)).Result);
        }
        Assert.Equal(2, service.Requests.Count);
        Assert.All(service.Requests, r => Assert.DoesNotContain("Cookie", r.Headers.Keys, StringComparer.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("https://evil.example/push/1")]
    [InlineData("https://fcm.googleapis.com@127.0.0.1/push/1")]
    [InlineData("https://fcm.googleapis.com.evil.example/push/1")]
    [InlineData("http://fcm.googleapis.com/push/1")]
    public async Task A_subscription_at_a_host_that_is_not_allowed_is_not_even_looked_up(string endpoint)
    {
        var lookUps = 0;
        using var client = Client(connect: new GuardedConnect(allowLoopback: false)
        {
            Resolve = (_, _) => { lookUps++; return Task.FromResult<IPAddress[]>([]); },
            Leap = (_, _, _) => { lookUps++; return Task.FromException<Stream>(new SocketException((int)SocketError.ConnectionRefused)); },
        });
        using var userAgent = new UserAgent(endpoint);
        Assert.Equal(PushResult.Blocked, (await client.SendAsync(userAgent.Subscription, Message("hello"), Cancellation)).Result);
        Assert.Equal(0, lookUps);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("8.8.8.8", "192.168.0.1")]
    public async Task An_allowed_host_that_turns_to_an_address_of_ours_is_blocked_and_nothing_is_connected_to(params string[] addresses)
    {
        var leaps = 0;
        using var client = Client(connect: new GuardedConnect(allowLoopback: true)
        {
            Resolve = (_, _) => Task.FromResult<IPAddress[]>([.. addresses.Select(IPAddress.Parse)]),
            Leap = (_, _, _) => { leaps++; return Task.FromException<Stream>(new SocketException((int)SocketError.ConnectionRefused)); },
        });
        using var userAgent = new UserAgent();
        Assert.Equal(PushResult.Blocked, (await client.SendAsync(userAgent.Subscription, Message("hello"), Cancellation)).Result);
        Assert.Equal(0, leaps);
    }

    [Fact]
    public async Task A_host_that_is_not_found_is_transient()
    {
        using var client = Client(connect: new GuardedConnect(allowLoopback: false)
        {
            Resolve = (_, _) => Task.FromResult<IPAddress[]>([]),
            Leap = (_, _, _) => Task.FromException<Stream>(new SocketException((int)SocketError.ConnectionRefused)),
        });
        using var userAgent = new UserAgent();
        Assert.Equal(PushResult.Transient, (await client.SendAsync(userAgent.Subscription, Message("hello"), Cancellation)).Result);
    }

    [Fact]
    public async Task Over_TLS_many_messages_to_one_push_service_share_few_HTTP_2_connections()
    {
        await using var service = await LoopbackPushService.StartAsync(Answers(201), tls: true);
        var (leaps, asked) = (0, new List<string>());
        var connect = new GuardedConnect(allowLoopback: false)
        {
            Resolve = (host, _) => { lock (asked) asked.Add(host); return Task.FromResult<IPAddress[]>([IPAddress.Parse("8.8.8.8")]); },
            // In place of the push service: the one on loopback, and nothing outside.
            Leap = async (_, port, cancellation) =>
            {
                Interlocked.Increment(ref leaps);
                Assert.Equal(443, port);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, service.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = Client(connect: connect, trusted: service.Certificate);
        using var userAgent = new UserAgent();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => client.SendAsync(userAgent.Subscription, Message($"{n}"), Cancellation)));

        Assert.All(outcomes, o => Assert.Equal(PushResult.Accepted, o.Result));
        Assert.All(service.Requests, r => Assert.Equal("HTTP/2", r.Protocol));
        Assert.Equal(
            Enumerable.Range(0, 60).Select(n => $"{n}").Order(StringComparer.Ordinal),
            service.Requests.Select(r => Encoding.UTF8.GetString(userAgent.Decrypt(r.Body))).Order(StringComparer.Ordinal));
        Assert.Single(service.Requests.Select(r => r.Headers["Authorization"]).Distinct());
        Assert.InRange(leaps, 1, 3);
        Assert.Equal(["fcm.googleapis.com"], asked.Distinct());
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_gets_no_message()
    {
        await using var service = await LoopbackPushService.StartAsync(Answers(201), tls: true);
        using var client = Client(connect: Leaping(service));
        using var userAgent = new UserAgent();
        Assert.Equal(new PushOutcome(PushResult.Transient, Answer: "SecureConnectionError"), await client.SendAsync(userAgent.Subscription, Message("hello"), Cancellation));
        Assert.Empty(service.Requests);
    }

    /// <summary>In place of a push service: the one on loopback, and nothing outside.</summary>
    private static GuardedConnect Leaping(LoopbackPushService service, Action? leaps = null) => new(allowLoopback: false)
    {
        Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("8.8.8.8")]),
        Leap = async (_, _, cancellation) =>
        {
            leaps?.Invoke();
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, service.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    private static RequestDelegate Answers(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static PushMessage Message(string text) => new(Encoding.UTF8.GetBytes(text), TimeSpan.FromSeconds(90.9), Urgency.High, Topic);

    private static Task<PushOutcome> SendToAsync(LoopbackPushService service, TimeSpan? timeout = null) => SendToAsync(service.Port, timeout);

    private static async Task<PushOutcome> SendToAsync(int port, TimeSpan? timeout = null, string path = "/push/1")
    {
        using var client = Client(timeout);
        using var userAgent = new UserAgent($"http://127.0.0.1:{port}{path}");
        return await client.SendAsync(userAgent.Subscription, Message("hello"), Cancellation);
    }

    private static PushServiceClient Client(TimeSpan? timeout = null, GuardedConnect? connect = null, X509Certificate2? trusted = null)
    {
        var keys = VapidKeys.Generate();
        var options = Options.Create(new WebPushOptions
        {
            PublicKey = keys.PublicKey,
            PrivateKey = keys.PrivateKey,
            Subject = "mailto:push@example.com",
            AllowLoopback = connect is null,
            Timeout = timeout ?? TimeSpan.FromSeconds(30),
        });
        var (guard, tokens) = (new EndpointGuard(options), new VapidTokens(options, TimeProvider.System));
        if (connect is null) return new PushServiceClient(options, guard, tokens, TimeProvider.System);
        var handler = PushServiceClient.Handler(options.Value, connect);
        if (trusted is not null) handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => trusted.Equals(shown);
        return new PushServiceClient(options, guard, tokens, TimeProvider.System, handler);
    }
}
