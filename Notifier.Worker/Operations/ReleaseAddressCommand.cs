using System.Buffers.Text;
using System.Text;
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
        var (site, address) = (context.UriMatch.Groups["site"].Value, context.UriMatch.Groups["address"].Value);
        var released = Base64Url.IsValid(site) && Base64Url.IsValid(address)
            && await http.RequestServices.GetRequiredService<SuppressionStore>().ReleaseAsync(Text(site), Text(address), http.RequestAborted);
        var logger = http.RequestServices.GetRequiredService<ILogger<ReleaseAddressCommand>>();
        LogReleased(logger, released);
        if (released) http.Response.StatusCode = StatusCodes.Status204NoContent;
        else await http.Response.WriteAsync("It is not suppressed any more.", http.RequestAborted);
    }

    private static string Text(string inPath) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(inPath));

    [LoggerMessage(Level = LogLevel.Information, Message = "An admin asked to release a suppressed address: {Done}")]
    private static partial void LogReleased(ILogger logger, bool done);
}
