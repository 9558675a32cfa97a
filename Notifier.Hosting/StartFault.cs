using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Notifier.Hosting;

/// <summary>What an operator can mend when the start fails: one clear line, and no stack trace.</summary>
internal static class StartFault
{
    /// <param name="urls">The setting that says where this host listens.</param>
    /// <returns>Null: a mistake of ours, which deserves its stack trace.</returns>
    public static string? Line(Exception e, string urls = "Worker__Urls") => e switch
    {
        SettingException => e.Message,
        OptionsValidationException invalid => string.Join(Environment.NewLine, invalid.Failures),
        AggregateException { InnerExceptions: var all } when all.Select(inner => Line(inner, urls)).ToArray() is var lines && lines.All(l => l is not null) => string.Join(Environment.NewLine, lines),
        PostgresException { SqlState: var state } refused => $"ConnectionStrings__Notifier: PostgreSQL refuses ({state}): {refused.MessageText}",
        NpgsqlException => $"ConnectionStrings__Notifier: PostgreSQL cannot be reached: {e.InnerException?.Message ?? e.Message}",
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } => $"{urls}: {e.Message}",
        SocketException { SocketErrorCode: SocketError.AccessDenied or SocketError.AddressNotAvailable } => $"{urls}: {e.Message}",
        _ => null,
    };
}
