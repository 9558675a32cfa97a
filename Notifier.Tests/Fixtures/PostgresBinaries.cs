using System.Globalization;

namespace Notifier.Tests.Fixtures;

/// <summary>Where this machine keeps PostgreSQL, and as whom it can be run.</summary>
internal static class PostgresBinaries
{
    private static readonly string Folder = Find();

    /// <summary>A command line for one of PostgreSQL's programs. The server refuses to be root, so root runs it as postgres.</summary>
    public static string[] Command(string program, params string[] arguments) =>
        [.. Environment.IsPrivilegedProcess ? ["runuser", "-u", "postgres", "--"] : Array.Empty<string>(), Path.Combine(Folder, program), .. arguments];

    /// <summary>An empty folder that whoever runs the server can write to.</summary>
    public static async Task<string> NewFolderAsync()
    {
        // Not $TMPDIR: that may lie under a folder that is closed to postgres.
        var folder = $"/tmp/notifier-postgres-{Guid.NewGuid():N}";
        Directory.CreateDirectory(folder);
        if (Environment.IsPrivilegedProcess) await Tool.RunAsync("/", "chown", "postgres", folder);
        return folder;
    }

    private static string Find()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        var debian = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(debian.OrderByDescending(Version).Select(version => Path.Combine(version, "bin")))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "pg_ctl")))
            ?? throw new InvalidOperationException("PostgreSQL is not installed: no initdb and pg_ctl on PATH or under /usr/lib/postgresql/*/bin");
    }

    private static int Version(string folder) => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0;
}
