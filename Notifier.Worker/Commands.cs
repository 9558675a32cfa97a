namespace Notifier.Worker;

/// <summary>The worker's commands, besides running.</summary>
internal static class Commands
{
    /// <summary>A mistyped command would otherwise start a worker. What has a dash, a slash or an equals sign is configuration, as .NET reads it.</summary>
    /// <returns>Null: the first argument, if any, is a command or configuration.</returns>
    public static string? Unknown(string[] args) =>
        args is [[not ('-' or '/'), ..] command, ..] && !command.Contains('=', StringComparison.Ordinal) && command is not ("vapid" or "migrate" or "replay" or "preview" or "site")
            ? $"there is no command {command}; the commands are vapid, migrate, replay, preview and site, and without one the worker runs"
            : null;
}
