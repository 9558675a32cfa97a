using Notifier.Benchmarks.Attention;
using Notifier.Benchmarks.Email;
using Notifier.Benchmarks.Growth;
using Notifier.Benchmarks.Ladder;
using Notifier.Benchmarks.Pipeline;
using Notifier.Benchmarks.Relay;
using Notifier.Benchmarks.Retention;
using Notifier.Benchmarks.Shares;
using Notifier.Benchmarks.WebPush;

// One folder a benchmark. Each prints lines "ratio: WHAT vs PEER = X", both sides measured in the same run.
return args switch
{
    ["growth"] => await GrowthBenchmark.RunAsync(),
    ["ladder"] => await LadderBenchmark.RunAsync(),
    ["retention"] => await RetentionBenchmark.RunAsync(),
    ["shares"] => await ShareBenchmark.RunAsync(),
    ["relay"] => await RelayBenchmark.RunAsync(),
    ["relay-signalr", var port] => await SignalRSide.RunAsync(port),
    ["browser"] => await BrowserBenchmark.RunAsync(),
    ["nodes"] => await NodesBenchmark.RunAsync(),
    ["attention"] => AttentionBenchmark.Run(),
    ["email"] => await EmailBenchmark.RunAsync(),
    ["email-side", var port, var connections, var text, var html] => await TransportSide.RunAsync(port, connections, text, html),
    ["pipeline"] => await PipelineBenchmark.RunAsync(),
    ["pipeline-hangfire", var database] => await HangfireSide.RunAsync(database),
    ["webpush"] => await WebPushBenchmark.RunAsync(),
    ["webpush-delivery"] => await DeliveryBenchmark.RunAsync(),
    ["webpush-server", var certificate] => await PushServerSide.RunAsync(certificate),
    ["webpush-side", var path] => RequestSide.Run(path),
    _ => Unknown(),
};

static int Unknown()
{
    Console.Error.WriteLine("The benchmarks are: attention, browser, email, growth, ladder, nodes, pipeline, relay, retention, shares, webpush. Run them by ./dev bench [NAME].");
    return 1;
}
