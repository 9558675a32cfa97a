using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Notifier.Worker;

/// <summary>What an operator can mend when the start fails: one clear line, and no stack trace.</summary>
internal static class StartFault
{
    /// <returns>Null: a mistake of ours, which deserves its stack trace.</returns>
    public static string? Line(Exception e) => e switch
    {
        SettingException => e.Message,
        OptionsValidationException invalid => string.Join(Environment.NewLine, invalid.Failures),
        AggregateException { InnerExceptions: var all } when all.Select(Line).ToArray() is var lines && lines.All(l => l is not null) => string.Join(Environment.NewLine, lines),
        PostgresException { SqlState: var state } refused => $"ConnectionStrings__Notifier: PostgreSQL refuses ({state}): {refused.MessageText}",
        NpgsqlException => $"ConnectionStrings__Notifier: PostgreSQL cannot be reached: {e.InnerException?.Message ?? e.Message}",
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } => $"Worker__Urls: {e.Message}",
        SocketException { SocketErrorCode: SocketError.AccessDenied or SocketError.AddressNotAvailable } => $"Worker__Urls: {e.Message}",
        _ => null,
    };

    /// <summary>A mistyped command would otherwise start a worker. What has a dash, a slash or an equals sign is configuration, as .NET reads it.</summary>
    /// <returns>Null: the first argument, if any, is a command or configuration.</returns>
    public static string? UnknownCommand(string[] args) =>
        args is [[not ('-' or '/'), ..] command, ..] && !command.Contains('=', StringComparison.Ordinal) && command is not ("vapid" or "migrate" or "replay" or "preview")
            ? $"there is no command {command}; the commands are vapid, migrate, replay and preview, and without one the worker runs"
            : null;
}
