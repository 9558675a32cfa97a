using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Notifier.Tests.Docs;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Supply;

/// <summary>What an engine would do with a Dockerfile, done by hand in a folder: the lines of its first stage as they are written, and its check.</summary>
public sealed partial class ImageBuildTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _folder = Directory.CreateTempSubdirectory("notifier-image-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("Worker", "vapid", 0, "WebPush__PublicKey=")]
    [InlineData("Relay", "", 1, "ConnectionStrings__Notifier is not set")]
    public async Task The_first_stage_of_an_image_makes_a_program_that_starts(string program, string argument, int status, string says)
    {
        var (source, app) = (Path.Combine(_folder, "src"), Path.Combine(_folder, "app"));
        foreach (var line in Lines(program))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["COPY", .. var from, var to])
                foreach (var name in from) Copy(Repository.File(name), to.EndsWith('/') ? Path.Combine(source, to, Path.GetFileName(name)) : Path.Combine(source, to));
            else if (line.StartsWith("RUN ", StringComparison.Ordinal))
                await Tool.RunAsync(source, Patience, "env", "DOTNET_CLI_USE_MSBUILD_SERVER=0", "MSBUILDDISABLENODEREUSE=1", "bash", "-c", line["RUN ".Length..].Replace(" /app", $" {app}", StringComparison.Ordinal));
        }

        Assert.False(File.Exists(Path.Combine(app, $"Notifier.{program}"))); // it is started as the entry point says
        Assert.Contains($"ENTRYPOINT [\"dotnet\", \"Notifier.{program}.dll\"]", File.ReadAllText(Repository.File($"Notifier.{program}/Dockerfile")), StringComparison.Ordinal);
        var start = new ProcessStartInfo("dotnet", argument.Length > 0 ? [$"Notifier.{program}.dll", argument] : [$"Notifier.{program}.dll"]) { WorkingDirectory = app, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(k => k.Contains("__", StringComparison.Ordinal)).ToArray()) start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Contains(says, await output + await errors, StringComparison.Ordinal);
        Assert.Equal(status, process.ExitCode);
    }

    [Theory]
    [InlineData("Worker", StatusCodes.Status200OK, 0)]
    [InlineData("Worker", StatusCodes.Status503ServiceUnavailable, 1)]
    [InlineData("Worker", null, 1)]
    [InlineData("Relay", StatusCodes.Status200OK, 0)]
    [InlineData("Relay", StatusCodes.Status503ServiceUnavailable, 1)]
    public async Task The_check_of_an_image_says_whether_it_lives(string program, int? answer, int status)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapGet("/health/live", () => Results.StatusCode(answer ?? StatusCodes.Status200OK));
        await app.StartAsync(TestContext.Current.CancellationToken);
        var port = new Uri(app.Urls.Single()).Port;
        if (answer is null) await app.StopAsync(TestContext.Current.CancellationToken);

        var command = JsonSerializer.Deserialize<string[]>(Check().Match(File.ReadAllText(Repository.File($"Notifier.{program}/Dockerfile"))).Groups[1].Value)!;
        var start = new ProcessStartInfo(command[0], command[1..].Select(word => word.Replace("8080", $"{port}", StringComparison.Ordinal))) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(status, process.ExitCode);
    }

    /// <summary>Of the first stage.</summary>
    private static string[] Lines(string program)
    {
        var file = File.ReadAllText(Repository.File($"Notifier.{program}/Dockerfile"));
        return file[..file.LastIndexOf("\nFROM ", StringComparison.Ordinal)].Replace("\\\n", " ", StringComparison.Ordinal).Split('\n');
    }

    /// <summary>What .dockerignore leaves out stays behind.</summary>
    private static void Copy(string from, string to)
    {
        if (File.Exists(from))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(from, to, overwrite: true);
            return;
        }
        foreach (var entry in Directory.GetFileSystemEntries(from).Where(e => Path.GetFileName(e) is not ("bin" or "obj" or "TestResults") && !e.EndsWith(".md", StringComparison.Ordinal)))
            Copy(entry, Path.Combine(to, Path.GetFileName(entry)));
    }

    [GeneratedRegex(@"^HEALTHCHECK [^\n]*\\\n\s*CMD (\[.+\])$", RegexOptions.Multiline)]
    private static partial Regex Check();
}
