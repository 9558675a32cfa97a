namespace Notifier.Relay;

/// <summary>The section <c>Relay</c>: the timers and limits of docs/relay-protocol.md. The defaults are what clients are written for.</summary>
public sealed class RelayOptions
{
    public const string Section = "Relay";

    /// <summary>Where the relay listens; <c>http</c> only, TLS ends in front of it. Default <c>http://127.0.0.1:5090</c>.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:5090";

    /// <summary>A connection without <c>hello</c> is closed (4502) after this. Default 10 s.</summary>
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence before a <c>ping</c>, give or take 20 %. Default 25 s; clients give up after 35 s without a frame.</summary>
    public TimeSpan PingAfter { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>A connection that owes a <c>pong</c> this long is closed (4012). Default 8 s.</summary>
    public TimeSpan PongTimeout { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>A person with a visible tab is asked again (<c>ping</c>) when an acknowledgement is overdue by this. Default 4 s.</summary>
    public TimeSpan AckVisible { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>… a person whose tabs are hidden. Default 6 s.</summary>
    public TimeSpan AckHidden { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>After the second asking a message is undelivered in this time. Default 3 s; with <see cref="AckHidden"/> less than 10 s, when the worker's sweep decides.</summary>
    public TimeSpan AckProbe { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>A person whose connection broke without <c>bye</c> is not yet gone for this long. Default 8 s, less than 10 s.</summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>Events are kept for resume this long, … Default 120 s.</summary>
    public TimeSpan RetainFor { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>… at most this many, … Default 10,000.</summary>
    public int RetainEvents { get; set; } = 10_000;

    /// <summary>… and at most this many bytes of frames. Default 64 MB.</summary>
    public long RetainBytes { get; set; } = 64_000_000;

    /// <summary>Who comes back is given at most this many events; who has missed more is told of a gap, and asks the site. Default 1,000.</summary>
    public int ResumeEvents { get; set; } = 1000;

    /// <summary>A connection with more than this unsent is closed (4008). Default 256 KiB, at least 64 KiB.</summary>
    public int QueueBytes { get; set; } = 256 * 1024;

    /// <summary>… or with something unsent for this long. Default 10 s.</summary>
    public TimeSpan QueueAge { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections of one person; the next is closed (4504). Default 16.</summary>
    public int ConnectionsPerPerson { get; set; } = 16;

    /// <summary>Connections of this node; the next is closed (4100). Default 100,000.</summary>
    public int MaxConnections { get; set; } = 100_000;

    /// <summary>New connections a second from one address; more are answered 429. Default 20; raise it where a proxy hides the addresses.</summary>
    public int ConnectsPerSecond { get; set; } = 20;

    /// <summary>Frames a second from one connection; more, and it is closed (4113). Default 20.</summary>
    public int FramesPerSecond { get; set; } = 20;

    /// <summary>… after this many at once. Default 50.</summary>
    public int FrameBurst { get; set; } = 50;

    /// <summary>Messages that wait for their commit; with more, <c>POST /v1/publish</c> answers 429. Default 20,000.</summary>
    public int MaxWaiting { get; set; } = 20_000;

    /// <summary>At SIGTERM the connections are told to go elsewhere, spread over this. Default 5 s.</summary>
    public TimeSpan DrainOver { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>With <c>Nats__Url</c>, the subjects over which nodes speak to each other begin with this, and the database's name follows. Default <c>notifier.relay</c>.</summary>
    public string NatsSubject { get; set; } = "notifier.relay";

    /// <summary>A poll without news is answered after this. Default 25 s.</summary>
    public TimeSpan PollWait { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>A polling client that has not asked for this long is gone. Default 35 s.</summary>
    public TimeSpan PollGone { get; set; } = TimeSpan.FromSeconds(35);
}
