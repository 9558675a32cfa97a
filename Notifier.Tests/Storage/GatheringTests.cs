using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Storage;

/// <summary>Group commit: what asks while others are being answered.</summary>
public sealed class GatheringTests
{
    private static readonly string[] Others = ["b", "c", "d"];

    private readonly List<string[]> _batches = [];
    private readonly TaskCompletionSource _firstIsUnderWay = new(), _goOn = new();

    [Fact]
    public async Task What_comes_while_a_batch_is_under_way_is_answered_by_one_more_each_with_its_own_answer()
    {
        var gathering = new Gathering<string, string>(most: 10, AnswerAsync);
        var first = gathering.AskAsync("a");
        await _firstIsUnderWay.Task;
        var others = Others.Select(gathering.AskAsync).ToArray();
        _goOn.SetResult();

        Assert.Equal("A", await first);
        Assert.Equal(["B", "C", "D"], await Task.WhenAll(others));
        Assert.Equal([["a"], ["b", "c", "d"]], _batches);
        Assert.Equal("E", await gathering.AskAsync("e"));
    }

    [Fact]
    public async Task A_batch_is_no_longer_than_it_may_be()
    {
        var gathering = new Gathering<string, string>(most: 2, AnswerAsync);
        var first = gathering.AskAsync("a");
        await _firstIsUnderWay.Task;
        var others = Others.Select(gathering.AskAsync).ToArray();
        _goOn.SetResult();

        await Task.WhenAll([first, .. others]);
        Assert.Equal([["a"], ["b", "c"], ["d"]], _batches);
    }

    [Fact]
    public async Task What_cannot_be_done_for_one_is_done_for_the_others()
    {
        var gathering = new Gathering<string, string>(most: 10, AnswerAsync);
        var first = gathering.AskAsync("a");
        await _firstIsUnderWay.Task;
        var (good, bad) = (gathering.AskAsync("b"), gathering.AskAsync("wrong"));
        _goOn.SetResult();

        Assert.Equal("B", await good);
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad);
        await first;
        Assert.Equal([["a"], ["b", "wrong"], ["b"], ["wrong"]], _batches);
    }

    [Fact]
    public async Task While_the_database_is_away_nobody_is_asked_one_by_one()
    {
        var gathering = new Gathering<string, string>(most: 10, AnswerAsync);
        var first = gathering.AskAsync("a");
        await _firstIsUnderWay.Task;
        var others = new[] { gathering.AskAsync("b"), gathering.AskAsync("away") };
        _goOn.SetResult();

        foreach (var other in others) await Assert.ThrowsAsync<NpgsqlException>(() => other);
        await first;
        Assert.Equal([["a"], ["b", "away"]], _batches);
    }

    private async Task<IReadOnlyList<string>> AnswerAsync(IReadOnlyList<string> batch)
    {
        _batches.Add([.. batch]);
        _firstIsUnderWay.TrySetResult();
        await _goOn.Task;
        if (batch.Contains("wrong")) throw new InvalidOperationException("wrong");
        if (batch.Contains("away")) throw new NpgsqlException("away");
        return [.. batch.Select(b => b.ToUpperInvariant())];
    }
}
