using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>Who signs a push message: a key pair, and how its push service reaches whoever has it (RFC 8292 section 2.1).</summary>
internal sealed record VapidSigner(VapidKeys Keys, string Subject);
