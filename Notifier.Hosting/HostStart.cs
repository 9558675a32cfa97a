using Microsoft.AspNetCore.Builder;

namespace Notifier.Hosting;

/// <summary>How both hosts begin.</summary>
internal static class HostStart
{
    /// <summary>
    /// Settings are read once. To hear of a changed settings file a host would watch every file below its working directory, and the database's may lie there: each
    /// page that PostgreSQL writes would wake it.
    /// </summary>
    public static WebApplicationBuilder Builder(string[] args) => WebApplication.CreateBuilder([.. args, "--hostBuilder:reloadConfigOnChange=false"]);
}
