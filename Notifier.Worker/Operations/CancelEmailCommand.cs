using System.Globalization;
using Hangfire.Dashboard;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>The button: cancels what is due of one conversation, or one email under way. The dashboard has checked the anti-forgery token before it comes here.</summary>
internal sealed partial class CancelEmailCommand : IDashboardDispatcher
{
    public async Task Dispatch(DashboardContext context)
    {
        if (!AdminButton.IsPressed(context)) return;
        var http = context.GetHttpContext();
        var emails = http.RequestServices.GetRequiredService<EmailCancellationStore>();
        var isAttempt = context.UriMatch.Groups["attempt"].Success;
        var id = context.UriMatch.Groups[isAttempt ? "attempt" : "escalation"].Value;
        var outcome = isAttempt
            ? await emails.CancelAttemptAsync(Guid.Parse(id), http.RequestAborted)
            : await emails.CancelDueAsync(long.Parse(id, CultureInfo.InvariantCulture), http.RequestAborted);
        var logger = http.RequestServices.GetRequiredService<ILogger<CancelEmailCommand>>();
        LogCancelled(logger, id, outcome);

        // The dashboard's script reloads the page after any success; the row then says what became of it.
        if (outcome == CancelOutcome.Cancelled) http.Response.StatusCode = StatusCodes.Status204NoContent;
        else await http.Response.WriteAsync(outcome == CancelOutcome.TooLate ? "Too late: it is being sent." : "There is nothing to cancel any more.", http.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "An admin asked to cancel email {Id}: {Outcome}")]
    private static partial void LogCancelled(ILogger logger, string id, CancelOutcome outcome);
}
