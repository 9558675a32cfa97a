using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Hangfire.Dashboard;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations.Pages;

/// <summary>The buttons of <see cref="DeadLettersPage"/>. The dashboard has checked the anti-forgery token before it comes here.</summary>
internal sealed partial class ReplayLettersCommand : IDashboardDispatcher
{
    public async Task Dispatch(DashboardContext context)
    {
        if (!AdminButton.IsPressed(context)) return;
        var http = context.GetHttpContext();
        var store = http.RequestServices.GetRequiredService<DeadLetterStore>();
        var (reason, newest) = (context.UriMatch.Groups["reason"].Value, context.UriMatch.Groups["newest"].Value);
        var replayed = 1;
        if (reason.Length == 0) await store.ReplayAsync(long.Parse(context.UriMatch.Groups["letter"].Value, CultureInfo.InvariantCulture), http.RequestAborted);
        else if (Base64Url.IsValid(reason)) replayed = await store.ReplayAsync(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(reason)), long.Parse(newest, CultureInfo.InvariantCulture), http.RequestAborted);
        var logger = http.RequestServices.GetRequiredService<ILogger<ReplayLettersCommand>>();
        LogReplayed(logger, replayed);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "An admin replayed {Count} dead letters")]
    private static partial void LogReplayed(ILogger logger, int count);
}
