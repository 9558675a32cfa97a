using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Notifier.Worker.Intake.Nats;

/// <summary>The stream and the consumer, made where they are missing. A stream that is there is the operators', and stays as it is.</summary>
internal static class NatsStream
{
    /// <summary>Less than the keys of events are kept (14 days): what comes again within it is still known.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    public static async Task<INatsJSConsumer> ConsumerAsync(NatsConnection connection, NatsIntakeOptions options, CancellationToken cancellation)
    {
        var context = new NatsJSContext(connection);
        try
        {
            await context.GetStreamAsync(options.Stream, cancellationToken: cancellation);
        }
        catch (NatsJSApiException e) when (e.Error.Code == StatusCodes.Status404NotFound)
        {
            await context.CreateStreamAsync(new StreamConfig(options.Stream, [options.Subject])
            {
                Storage = StreamConfigStorage.File,
                Retention = StreamConfigRetention.Workqueue, // what is acknowledged is in PostgreSQL, and goes
                Discard = StreamConfigDiscard.New, // full: the publisher hears so, and nothing is pushed out unseen
                MaxAge = KeptFor,
            }, cancellation);
        }
        return await context.CreateOrUpdateConsumerAsync(options.Stream, new ConsumerConfig(options.Consumer)
        {
            FilterSubject = options.Subject,
            AckPolicy = ConsumerConfigAckPolicy.Explicit,
            AckWait = options.AckWait,
            MaxAckPending = options.MaxAckPending,
            MaxDeliver = -1, // nothing is given up; what cannot be read is set aside
        }, cancellation);
    }
}
