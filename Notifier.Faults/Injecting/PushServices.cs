using Notifier.Faults.Driving;
using Notifier.Faults.Stage;

namespace Notifier.Faults.Injecting;

/// <summary>What a push service can do to us.</summary>
internal static class PushServices
{
    public static Task SlowDownAsync(Act act) => AnswerAsync(act, new PushFault(429, RetryAfter: 1));

    public static Task FailAsync(Act act) => AnswerAsync(act, new PushFault(503));

    public static Task HangAsync(Act act) => AnswerAsync(act, new PushFault(0));

    /// <summary>Our key, a few times: not so often that the breaker opens, which takes minutes to close.</summary>
    public static Task ForbidAsync(Act act) => AnswerAsync(act, new PushFault(403) { Times = 8 });

    /// <summary>Some browsers are gone.</summary>
    public static async Task GoneAsync(Act act)
    {
        for (var i = 0; i < 4; i++)
        {
            await act.PauseAsync(0.5, 2);
            act.Fault("a browser is gone");
            act.Cast.Push.Unsubscribe(act.Random.Of(act.Cast.Push.Subscriptions));
        }
        act.Healed("the browsers");
    }

    private static async Task AnswerAsync(Act act, PushFault fault)
    {
        for (var round = 0; round < 2; round++)
        {
            await act.PauseAsync(1, 2);
            act.Fault($"the push service answers {fault.Status}");
            act.Cast.Push.Fault = fault;
            await act.PauseAsync(1.5, 3);
            var start = DriverLog.Now;
            while (fault.Said < 3 * (round + 1) && DriverLog.Now - start < 20) await act.PauseAsync(0.1, 0.2); // it has to be met
            act.Cast.Push.Fault = null;
            act.Healed("the push service");
        }
    }
}
