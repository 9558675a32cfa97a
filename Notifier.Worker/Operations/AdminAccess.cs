using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Notifier.Worker.Operations;

/// <summary>Decides who is let in to the pages of operators.</summary>
internal sealed class AdminAccess(AdminOptions options, IHostEnvironment environment)
{
    /// <summary>The authorization policy of every page and command for operators.</summary>
    public const string Policy = "Admin";

    public const string Role = "admin";

    /// <summary>Takes the same time whatever is wrong, and where: hashes of one length are compared, both always.</summary>
    public bool IsAdmin(string user, string password) =>
        options.IsSet & Same(user, options.User ?? "") & Same(password, options.Password ?? "");

    /// <summary>Open without a password: in development, where none is set, to a browser on the machine itself.</summary>
    public bool IsOpenTo(HttpContext context) =>
        !options.IsSet && environment.IsDevelopment()
        && context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && IsLoopbackName(context.Request.Host.Host) && !IsForwarded(context.Request.Headers);

    /// <summary>What to tell who can never be let in, because nobody can; null where a password may help.</summary>
    public string? Refusal(HttpContext context)
    {
        if (options.IsSet || IsOpenTo(context)) return null;
        return environment.IsDevelopment()
            ? "Closed: until Admin__User and Admin__Password are set, this page opens only on the machine itself."
            : "Closed: this page opens once Admin__User and Admin__Password are set.";
    }

    private static bool Same(string given, string wanted) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(wanted)));

    /// <summary>A page of the web that has its own name resolve to 127.0.0.1 still names itself.</summary>
    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Somebody else's request, brought by a proxy on this machine. The headers open nothing: anyone can write them.</summary>
    private static bool IsForwarded(IHeaderDictionary headers) =>
        headers.Keys.Any(name => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("X-Original-", StringComparison.OrdinalIgnoreCase)
            || name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase) || name.Equals("Via", StringComparison.OrdinalIgnoreCase));
}
