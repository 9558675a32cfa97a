using System.Globalization;
using Hangfire.Dashboard;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>The button beside a suppressed address. The dashboard has checked the anti-forgery token before it comes here.</summary>
internal sealed partial class ReleaseAddressCommand : IDashboardDispatcher
{
    public async Task Dispatch(DashboardContext context)
    {
        if (!AdminButton.IsPressed(context)) return;
        var http = context.GetHttpContext();
        var released = long.TryParse(context.UriMatch.Groups["id"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && await http.RequestServices.GetRequiredService<SuppressionStore>().ReleaseAsync(id, http.RequestAborted);
        var logger = http.RequestServices.GetRequiredService<ILogger<ReleaseAddressCommand>>();
        LogReleased(logger, released);
        if (released) http.Response.StatusCode = StatusCodes.Status204NoContent;
        else await http.Response.WriteAsync("It is not suppressed any more.", http.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "An admin asked to release a suppressed address: {Done}")]
    private static partial void LogReleased(ILogger logger, bool done);
}
