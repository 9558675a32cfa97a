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

    private bool _isForeign;
    private long _row;

    /// <summary>The accept row's id; 0: not yet accepted.</summary>
    public long Row => Volatile.Read(ref _row);

    /// <summary>An attempt is under way, and not ended.</summary>
    public bool IsUndecided
    {
        get { lock (_lock) return _row == 0 && _attempt is not null; }
    }

    /// <returns>Whether the outcome is kept here for now.</returns>
    public bool Hold(in Outcome outcome)
    {
        if (Row != 0) return false; // as most are, when they are acknowledged
        lock (_lock)
        {
            _held?.Add(outcome);
            return _held is not null;
        }
    }

    /// <summary>
    /// Whether this node tells of an outcome. What was accepted before, by another node or before a restart, whoever did that tells of; but a client that
    /// acknowledges it here does so nowhere else.
    /// </summary>
    public bool Tells(in Outcome outcome) => outcome.Delivered || !_isForeign;

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
            _attempt?.TrySetResult(mine ? AdmissionResult.Accepted : AdmissionResult.Duplicate);
            _attempt = null;
            if (_held is not { } held) return [];
            _held = null;
            _isForeign = !mine;
            Volatile.Write(ref _row, id);
            return mine ? held : [.. held.Where(o => o.Delivered)];
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
