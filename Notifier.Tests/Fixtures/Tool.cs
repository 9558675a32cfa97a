using System.Diagnostics;

namespace Notifier.Tests.Fixtures;

/// <summary>Runs a program of the machine to its end.</summary>
internal static class Tool
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <returns>What it wrote to standard output.</returns>
    public static Task<string> RunAsync(string directory, params string[] commandLine) => RunAsync(directory, Patience, commandLine);

    /// <inheritdoc cref="RunAsync(string, string[])"/>
    public static async Task<string> RunAsync(string directory, TimeSpan patience, params string[] commandLine)
    {
        var start = new ProcessStartInfo(commandLine[0], commandLine[1..])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"not done after {patience.TotalSeconds} s: {string.Join(' ', commandLine)}");
        }

        if (process.ExitCode == 0) return await output;
        throw new InvalidOperationException($"{string.Join(' ', commandLine)} ended with {process.ExitCode}: {await output}{await error}");
    }
}
