namespace Notifier.Worker.Email.Templates;

/// <summary>How much of a digest is shown. What is not shown is counted.</summary>
/// <param name="Messages">Of a conversation, the newest.</param>
/// <param name="Characters">Of a message, UTF-16 units; cut between what a person sees as characters.</param>
/// <param name="Conversations">Of a digest.</param>
internal sealed record Room(int Messages, int Characters, int Conversations)
{
    /// <summary>Gmail clips a mail whose HTML is longer, and with it the way to unsubscribe.</summary>
    public const int MostHtmlBytes = 102_000;

    /// <summary>From generous to what fits whatever people write: the first whose mail is short enough is taken.</summary>
    public static IReadOnlyList<Room> Steps { get; } =
        [new(10, 2000, 100), new(10, 600, 100), new(10, 200, 60), new(3, 200, 40), new(1, 120, 20), new(0, 0, 10), new(0, 0, 3)];
}
