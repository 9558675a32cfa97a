using Hangfire.Dashboard;
using Notifier.Worker.Email;

namespace Notifier.Worker.Operations;

/// <summary>The button beside an email whose outcome is unknown: sends it again, which may be the second time. The dashboard has checked the anti-forgery token.</summary>
internal sealed partial class ResendEmailCommand : IDashboardDispatcher
{
    public async Task Dispatch(DashboardContext context)
    {
        if (!AdminButton.IsPressed(context)) return;
        var http = context.GetHttpContext();
        var id = context.UriMatch.Groups["attempt"].Value;
        var resumed = await http.RequestServices.GetRequiredService<ParkedEmails>().SendAgainAsync(Guid.Parse(id), http.RequestAborted);
        var logger = http.RequestServices.GetRequiredService<ILogger<ResendEmailCommand>>();
        LogResent(logger, id, resumed);
        if (resumed) http.Response.StatusCode = StatusCodes.Status204NoContent;
        else await http.Response.WriteAsync("It is not waiting any more.", http.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "An admin asked to send email {Id} again: {Done}")]
    private static partial void LogResent(ILogger logger, string id, bool done);
}
