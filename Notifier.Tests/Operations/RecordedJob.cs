using System.Threading.Channels;

namespace Notifier.Tests.Operations;

/// <summary>A job that only says that it ran.</summary>
public sealed class RecordedJob
{
    private static readonly Channel<long> Calls = Channel.CreateUnbounded<long>();

    private readonly ChannelWriter<long> _calls = Calls.Writer;

    public static ChannelReader<long> Runs => Calls.Reader;

    public async Task RunAsync(long slot, CancellationToken cancellation) => await _calls.WriteAsync(slot, cancellation);
}
