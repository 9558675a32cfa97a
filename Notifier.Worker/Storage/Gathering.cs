namespace Notifier.Worker.Storage;

/// <summary>
/// Those that ask the same thing at the same time are answered together, by one round trip and one commit: what comes while a batch is under way makes up the next one. Who comes alone
/// waits for nothing.
/// </summary>
/// <param name="most">So many in a batch at most.</param>
/// <param name="carry">Answers a batch, in its order. It is not cancelled: what one of them gives up, the others still want.</param>
internal sealed class Gathering<TQuestion, TAnswer>(int most, Func<IReadOnlyList<TQuestion>, Task<IReadOnlyList<TAnswer>>> carry)
{
    private readonly record struct Asked(TQuestion Question, TaskCompletionSource<TAnswer> Answer);

    private readonly Lock _lock = new();
    private readonly Queue<Asked> _waiting = [];
    private bool _underWay;

    public Task<TAnswer> AskAsync(TQuestion question)
    {
        var asked = new Asked(question, new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            _waiting.Enqueue(asked);
            if (_underWay) return asked.Answer.Task;
            _underWay = true;
        }
        _ = Task.Run(CarryAllAsync);
        return asked.Answer.Task;
    }

    private async Task CarryAllAsync()
    {
        while (Next() is [_, ..] batch) await CarryAsync(batch);
    }

    private List<Asked> Next()
    {
        var batch = new List<Asked>();
        lock (_lock)
        {
            while (batch.Count < most && _waiting.TryDequeue(out var asked)) batch.Add(asked);
            _underWay = batch.Count > 0;
        }
        return batch;
    }

    private async Task CarryAsync(IReadOnlyList<Asked> batch)
    {
        try
        {
            foreach (var (asked, answer) in batch.Zip(await carry([.. batch.Select(a => a.Question)]))) asked.Answer.SetResult(answer);
        }
        catch (Exception e) when (batch.Count > 1 && !DatabaseFault.Passes(e))
        {
            // What cannot be done for one must not be what becomes of the others.
            foreach (var asked in batch) await CarryAsync([asked]);
        }
        catch (Exception e)
        {
            foreach (var asked in batch) asked.Answer.SetException(e);
        }
    }
}
