using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>The section <c>WebPush</c>: who pushes, and to which push services. Both keys unset: push is off, and everybody climbs on to email.</summary>
public sealed class WebPushOptions
{
    public const string Section = "WebPush";

    /// <summary>The push services of today's browsers.</summary>
    internal static readonly string[] DefaultHosts =
        ["fcm.googleapis.com", "jmt17.google.com", "updates.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"];

    /// <summary>65 bytes, base64url; the command <c>vapid</c> makes a pair. Default none.</summary>
    public string? PublicKey { get; set; }

    /// <summary>32 bytes, base64url. Default none.</summary>
    public string? PrivateKey { get; set; }

    /// <summary>
    /// The pair before, while keys are rotated: signs for the browsers that subscribed with it, until they have subscribed anew. Default none.
    /// </summary>
    public string? PreviousPublicKey { get; set; }

    /// <summary>Belongs to <see cref="PreviousPublicKey"/>. Default none.</summary>
    public string? PreviousPrivateKey { get; set; }

    /// <summary>How push services reach you: <c>mailto:you@example.org</c> or an https address. Required with keys.</summary>
    public string? Subject { get; set; }

    /// <summary>Push services that may be spoken to, each a host or <c>*.host</c>. Default: those of today's browsers.</summary>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Takes endpoints at 127.0.0.1, http or https and any port, too. Development only, default false.</summary>
    public bool AllowLoopback { get; set; }

    /// <summary>Requests under way at once; at most half of them to one push service of one site, so that one that hangs leaves room. 1 to 10,000, default 512.</summary>
    public int Concurrency { get; set; } = 512;

    /// <summary>How long a push service may take to answer. 1 s to 60 s, default 20 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a worker's claim on a push message holds. Longer than <see cref="Timeout"/>, to 10 min; default 90 s.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>The waits after a passing fault, ± 20 %; the last one holds from then on. Each 1 s to 24 h; Development takes any positive value. Default 5 s, 30 s, 2 min, 10 min, 30 min.</summary>
    public IList<TimeSpan> Retries { get; } = [];

    /// <summary>The wait after 401 or 403: until somebody has set the right key. 1 s to 24 h; Development takes any positive value. Default 10 min.</summary>
    public TimeSpan KeyPause { get; set; } = TimeSpan.FromMinutes(10);

    internal bool IsOn => !string.IsNullOrEmpty(PublicKey);

    internal IReadOnlyList<TimeSpan> RetrySteps => Retries.Count > 0 ? [.. Retries] : PushRetry.Steps;

    internal IReadOnlyList<string> Hosts => AllowedHosts.Count > 0 ? [.. AllowedHosts] : DefaultHosts;

    /// <summary>Valid options with keys only.</summary>
    internal VapidKeys Keys => VapidKeys.TryParse(PublicKey!, PrivateKey!, out _)!;
}
