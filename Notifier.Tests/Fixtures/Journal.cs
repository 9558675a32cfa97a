using Xunit;

namespace Notifier.Tests.Fixtures;

/// <summary>What was seen so far, in order, and a way to wait for what is still to come.</summary>
public sealed class Journal<T>
{
    private readonly Lock _lock = new();
    private readonly List<T> _entries = [];
    private TaskCompletionSource _more = New();

    public T[] Entries
    {
        get { lock (_lock) return [.. _entries]; }
    }

    public void Add(T entry)
    {
        lock (_lock)
        {
            _entries.Add(entry);
            _more.SetResult();
            _more = New();
        }
    }

    /// <summary>The first entry that is wanted, be it here already or still to come.</summary>
    public async Task<T> WaitForAsync(Func<T, bool> wanted, TimeSpan timeout, string what)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(timeout);
        for (var read = 0; ;)
        {
            Task more;
            T[] news;
            lock (_lock)
            {
                more = _more.Task;
                news = [.. _entries.Skip(read)];
            }

            if (news.Where(wanted).Take(1).ToArray() is [var found]) return found;
            read += news.Length;
            try
            {
                await more.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"Not within {timeout.TotalSeconds:0.#} s: {what}. Seen were {Entries.Length}:\n{string.Join('\n', Entries.TakeLast(50))}");
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
