using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Notifier.Tests.Fixtures;
using Notifier.Tests.WebPush;

namespace Notifier.Tests.EndToEnd;

/// <summary>A push message as a service worker would get it: decrypted, its sender's signature checked.</summary>
public sealed record ReceivedPush(string Subscription, JsonObject Json, IReadOnlyDictionary<string, string> Headers)
{
    public override string ToString() => $"{Subscription}: {Json.ToJsonString()}";
}

/// <summary>What the push service says instead of 201.</summary>
public sealed record PushAnswer(int Status, string? RetryAfter = null, string Text = "");

/// <summary>A browser's subscription; <see cref="Json"/> is what it would post to the site.</summary>
public sealed record TestSubscription(string Id, JsonObject Json);

/// <summary>An answer that is held back.</summary>
public sealed class HeldAnswer(PushAnswer answer)
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task ReachedAsync(TimeSpan timeout) => _reached.Task.WaitAsync(timeout);

    public void Release() => _released.SetResult();

    internal async Task<PushAnswer> MeetAsync()
    {
        _reached.TrySetResult();
        await _released.Task;
        return answer;
    }
}

/// <summary>A push service and its browsers in one: takes RFC 8030 requests, checks VAPID, decrypts, and says what a test wants it to say.</summary>
public sealed class PushServiceStage : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, UserAgent> _userAgents = new();
    private readonly ConcurrentDictionary<string, PushAnswer> _answers = new();
    private readonly ConcurrentDictionary<string, HeldAnswer> _held = new();
    private readonly Journal<ReceivedPush> _journal = new();
    private LoopbackPushService _service = null!;

    public IReadOnlyList<ReceivedPush> Pushes => _journal.Entries;

    public static async Task<PushServiceStage> StartAsync()
    {
        var stage = new PushServiceStage();
        stage._service = await LoopbackPushService.StartAsync(stage.AnswerAsync);
        return stage;
    }

    public TestSubscription NewSubscription()
    {
        var id = Guid.NewGuid().ToString("N");
        var endpoint = $"http://127.0.0.1:{_service.Port}/push/{id}";
        var userAgent = _userAgents[id] = new UserAgent(endpoint);
        return new TestSubscription(id, Json(userAgent));
    }

    /// <summary>As <c>PushSubscription.toJSON()</c> makes it.</summary>
    internal static JsonObject Json(UserAgent userAgent) => new()
    {
        ["endpoint"] = userAgent.Subscription.Endpoint.OriginalString,
        ["expirationTime"] = null,
        ["keys"] = new JsonObject
        {
            ["p256dh"] = Base64Url.EncodeToString(userAgent.Subscription.P256dh),
            ["auth"] = Base64Url.EncodeToString(userAgent.Subscription.Auth),
        },
    };

    /// <summary>The next request for this subscription gets this answer; those after it 201 again.</summary>
    public void Answer(TestSubscription subscription, PushAnswer answer) => _answers[subscription.Id] = answer;

    /// <summary>The next request for this subscription gets this answer when it is released.</summary>
    public HeldAnswer Hang(TestSubscription subscription, PushAnswer answer) => _held[subscription.Id] = new HeldAnswer(answer);

    public Task<ReceivedPush> WaitForPushAsync(TestSubscription subscription, TimeSpan timeout, Func<ReceivedPush, bool>? wanted = null, int after = 0)
    {
        var seen = 0;
        return _journal.WaitForAsync(p => p.Subscription == subscription.Id && (wanted is null || wanted(p)) && ++seen > after, timeout, "a push message");
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var id = context.Request.Path.Value!.Split('/')[^1];
        var request = context.Features.Get<PushRequest>()!;
        CheckAuthorization(request.Headers["Authorization"], $"http://127.0.0.1:{_service.Port}");
        var json = JsonNode.Parse(_userAgents[id].Decrypt(request.Body))!.AsObject();
        _journal.Add(new ReceivedPush(id, json, request.Headers));

        var answer = _held.TryRemove(id, out var held) ? await held.MeetAsync() : _answers.TryRemove(id, out var once) ? once : new PushAnswer(201);
        context.Response.StatusCode = answer.Status;
        if (answer.RetryAfter is { } after) context.Response.Headers.RetryAfter = after;
        await context.Response.WriteAsync(answer.Text);
    }

    /// <summary>RFC 8292 §2: signed by the key it names, for this very push service.</summary>
    private static void CheckAuthorization(string header, string origin)
    {
        var parts = header["vapid t=".Length..].Split(", k=");
        var jwt = parts[0].Split('.');
        var k = Base64Url.DecodeFromChars(parts[1]);
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = k[1..33], Y = k[33..] } });
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{jwt[0]}.{jwt[1]}"), Base64Url.DecodeFromChars(jwt[2]), HashAlgorithmName.SHA256));
        Assert.Equal(origin, JsonNode.Parse(Base64Url.DecodeFromChars(jwt[1]))!["aud"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        foreach (var userAgent in _userAgents.Values) userAgent.Dispose();
    }
}
