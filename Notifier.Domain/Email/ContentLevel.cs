namespace Notifier.Domain.Email;

/// <summary>How much of a conversation an email may say.</summary>
public enum ContentLevel
{
    /// <summary>What was said, by whom, and what the conversation is called.</summary>
    Full,

    /// <summary>Who wrote, and how many messages; neither words nor title.</summary>
    SenderOnly,

    /// <summary>How many messages, on which site.</summary>
    CountOnly,
}
