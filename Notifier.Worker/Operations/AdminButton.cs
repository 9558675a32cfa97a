using Hangfire.Dashboard;

namespace Notifier.Worker.Operations;

/// <summary>What the dashboard's commands have in common.</summary>
internal static class AdminButton
{
    /// <summary>Answers what is no press of a button, or comes from who may only look.</summary>
    public static bool IsPressed(DashboardContext context)
    {
        var http = context.GetHttpContext();
        if (!context.IsReadOnly && HttpMethods.IsPost(http.Request.Method)) return true;
        http.Response.StatusCode = context.IsReadOnly ? StatusCodes.Status403Forbidden : StatusCodes.Status405MethodNotAllowed;
        return false;
    }
}
