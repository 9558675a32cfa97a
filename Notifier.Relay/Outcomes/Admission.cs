namespace Notifier.Relay.Outcomes;

/// <summary>
/// Whether a message is in the database. Its outcomes are told there only after it, so they are held until then. It may take more than one attempt: when the
/// database is away, the site hears 503 and publishes again.
/// </summary>
internal sealed class Admission
{
    private readonly Lock _lock = new();
    private List<Outcome>? _held = [];
    private TaskCompletionSource<AdmissionResult>? _attempt;

    /// <summary>The row's id; null: not yet, or another node's.</summary>
    public long? Id { get; private set; }

    /// <summary>It was accepted before, by another node or before a restart; whoever did that tells of its outcomes.</summary>
    public bool IsForeign { get; private set; }

    /// <returns>Whether the outcome is kept here for now.</returns>
    public bool Hold(in Outcome outcome)
    {
        lock (_lock)
        {
            _held?.Add(outcome);
            return _held is not null;
        }
    }

    /// <summary>The attempt under way, or a new one.</summary>
    /// <param name="isNew">The caller has to carry it out.</param>
    public Task<AdmissionResult> Attempt(out bool isNew)
    {
        lock (_lock)
        {
            isNew = false;
            if (_held is null) return Task.FromResult(AdmissionResult.Duplicate);
            isNew = _attempt is null;
            _attempt ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _attempt.Task;
        }
    }

    /// <returns>What was held, to be told now.</returns>
    public List<Outcome> Succeed(long id, bool mine)
    {
        lock (_lock)
        {
            var held = _held ?? [];
            _held = null;
            if (mine) Id = id;
            else IsForeign = true;
            _attempt?.TrySetResult(mine ? AdmissionResult.Accepted : AdmissionResult.Duplicate);
            _attempt = null;
            return mine ? held : [];
        }
    }

    public void Fail(AdmissionResult why)
    {
        lock (_lock)
        {
            _attempt?.TrySetResult(why);
            _attempt = null;
        }
    }
}

/// <summary>How an attempt to accept a message ended.</summary>
internal enum AdmissionResult
{
    /// <summary>It is in the database.</summary>
    Accepted,

    /// <summary>It was there already.</summary>
    Duplicate,

    /// <summary>Too many wait; nothing was tried.</summary>
    Full,

    /// <summary>The database is away.</summary>
    Away,
}
