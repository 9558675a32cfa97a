namespace Notifier.Relay.Connections;

/// <summary>Why the relay closes a connection. The hundreds say what a client does: 40xx reconnect at once, 41xx with backoff, 45xx never.</summary>
internal enum CloseCode
{
    /// <summary>The relay is being restarted.</summary>
    Drain = 4001,

    /// <summary>The token has expired.</summary>
    TokenExpired = 4005,

    /// <summary>Too slow to read.</summary>
    SlowConsumer = 4008,

    /// <summary>A ping was not answered.</summary>
    NoPong = 4012,

    /// <summary>Over capacity.</summary>
    OverCapacity = 4100,

    /// <summary>More frames than the limit.</summary>
    RateLimit = 4113,

    /// <summary>The token is not good, or the site has ended the person's connections.</summary>
    BadToken = 4500,

    /// <summary>What was sent is not a frame of this protocol.</summary>
    BadRequest = 4501,

    /// <summary>No hello in time.</summary>
    NoHello = 4502,

    /// <summary>More connections of one person than the limit.</summary>
    TooManyConnections = 4504,
}
